"""The file under the embedded bus: an append-only SQLite log. Synchronous; each instance belongs to one thread.

Writers of all processes stand in SQLite's one queue (``BEGIN IMMEDIATE``), so ``seq`` order is commit order and an
offset is never visible before the one below it.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.bus.headers import pack_headers, unpack_headers
from shared.bus.port import Message, Record, TopicPartition
from shared.errors import ConfigurationError, TransientError
from shared.events.topics import TopicSpec

FORMAT = 1
BUSY_TIMEOUT_SECONDS = 10.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOPELESS = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
PRIMARY_CODE = 0xFF
"""SQLite's extended error codes keep the plain one in the low byte."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS lane (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL CHECK (partition >= 0),
    next_offset INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition)
) STRICT;
CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lane INTEGER NOT NULL REFERENCES lane (id),
    place INTEGER NOT NULL CHECK (place >= 0),
    taken_at INTEGER NOT NULL,
    key BLOB NOT NULL,
    headers TEXT NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (lane, place)
) STRICT;
CREATE TABLE IF NOT EXISTS position (
    member_group TEXT NOT NULL,
    lane INTEGER NOT NULL REFERENCES lane (id),
    next_offset INTEGER NOT NULL CHECK (next_offset >= 0),
    PRIMARY KEY (member_group, lane)
) STRICT, WITHOUT ROWID;
"""

type Positions = Mapping[TopicPartition, int]
"""The next offset to read, by lane."""


class LogFile:
    """One connection to the log.

    Args:
        path: the file; made with its folder when it is not there.
        topics: created if the file lacks them. A topic keeps the number of partitions it was created with, because a
            key must stay in its lane.

    Raises:
        ConfigurationError: the path holds something else, cannot be opened, or was written by a newer release.
    """

    def __init__(self, path: Path, topics: Mapping[str, TopicSpec]) -> None:
        self._path = path
        with self._explained():
            self._db = self._open()
        try:
            with self._writing(durable=True):
                self._create_lanes(topics)
        except BaseException:
            self._db.close()
            raise
        rows = self._db.execute("SELECT id, topic, partition FROM lane").fetchall()
        self._id_of = {TopicPartition(topic, partition): lane for lane, topic, partition in rows}
        self._lane_of = {lane: place for place, lane in self._id_of.items()}

    @property
    def lanes(self) -> Sequence[TopicPartition]:
        """Every lane of the file."""
        return sorted(self._id_of)

    def close(self) -> None:
        """Close the connection; the last one folds the write-ahead log into the file."""
        self._db.close()

    def write(
        self, messages: Sequence[tuple[int, Message]], positions: Mapping[str, Positions], now: datetime
    ) -> Positions:
        """Append messages and move groups, all or nothing.

        Only messages wait for the disk: a position lost with the power is a redelivery, a message lost is a lie.

        Args:
            messages: partition and message, in order.
            positions: by group.
            now: becomes the records' timestamp.

        Returns:
            The new ends of the lanes appended to.

        Raises:
            TransientError: the disk is full or the file is locked; nothing was written.
        """
        with self._writing(durable=bool(messages)):
            ends = self._append(messages, (now - EPOCH) // MICROSECOND)
            self._db.executemany(
                "INSERT INTO position VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset",
                [
                    (group, self._id_of[lane], offset)
                    for group, offsets in positions.items()
                    for lane, offset in offsets.items()
                ],
            )
        return ends

    def read(self, positions: Positions, limit: int, share: int) -> list[Record]:
        """Return the first records at and after these positions, in the order in which they were appended.

        Args:
            positions: where to begin in each lane.
            limit: how many records in all.
            share: how many of one lane.
        """
        with self._explained():
            seqs: list[int] = []
            for lane, offset in positions.items():
                found = self._db.execute(
                    "SELECT seq FROM record WHERE lane = ? AND place >= ? ORDER BY place LIMIT ?",
                    (self._id_of[lane], offset, share),
                )
                seqs += [seq for (seq,) in found]
            query = "SELECT lane, place, taken_at, key, headers, value FROM record WHERE seq = ?"
            rows = [self._db.execute(query, (seq,)).fetchone() for seq in sorted(seqs)[:limit]]
        return [self._record(*row) for row in rows if row is not None]

    def ends(self) -> dict[TopicPartition, int]:
        """Return the offset the next message of each lane will get."""
        with self._explained():
            rows = self._db.execute("SELECT id, next_offset FROM lane").fetchall()
        return {self._lane_of[lane]: offset for lane, offset in rows if lane in self._lane_of}

    def positions(self, group: str) -> dict[TopicPartition, int]:
        """Return where a group stands, for the lanes it ever committed."""
        with self._explained():
            rows = self._db.execute(
                "SELECT lane, next_offset FROM position WHERE member_group = ?", (group,)
            ).fetchall()
        return {self._lane_of[lane]: offset for lane, offset in rows if lane in self._lane_of}

    def count(self, positions: Positions) -> dict[TopicPartition, int]:
        """Return how many records stand at and after these positions; pruned ones do not count."""
        query = "SELECT count(*) FROM record WHERE lane = ? AND place >= ?"
        with self._explained():
            return {
                lane: self._db.execute(query, (self._id_of[lane], offset)).fetchone()[0]
                for lane, offset in positions.items()
            }

    def prune(self, topics: Mapping[str, TopicSpec], now: datetime) -> int:
        """Delete what its topic's retention no longer keeps; return how many records went.

        What a known group has still to read stays, however old: an embedded system may have been off for long.
        """
        gone = 0
        for lane, lane_id in self._id_of.items():
            spec = topics.get(lane.topic)
            if spec is None:
                continue
            with self._writing(durable=False):
                below = self._keep_from(lane_id, (now - spec.retention - EPOCH) // MICROSECOND)
                survivors = "SELECT max(place) FROM record WHERE lane = ? GROUP BY key"
                spared = f"AND place NOT IN ({survivors})" if spec.compacted else ""
                arguments = (lane_id, below, lane_id) if spec.compacted else (lane_id, below)
                statement = f"DELETE FROM record WHERE lane = ? AND place < ? {spared}"  # noqa: S608 - constants only
                gone += self._db.execute(statement, arguments).rowcount
        return gone

    def _keep_from(self, lane_id: int, cutoff: int) -> int:
        (young,) = self._db.execute(
            "SELECT coalesce((SELECT place FROM record WHERE lane = :lane AND taken_at >= :cutoff"
            " ORDER BY place LIMIT 1), next_offset) FROM lane WHERE id = :lane",
            {"lane": lane_id, "cutoff": cutoff},
        ).fetchone()
        (unread,) = self._db.execute(
            "SELECT coalesce(min(next_offset), :young) FROM position WHERE lane = :lane",
            {"young": young, "lane": lane_id},
        ).fetchone()
        return min(int(young), int(unread))

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            (found,) = db.execute("PRAGMA user_version").fetchone()
            if found not in {0, FORMAT}:
                message = f"{self._path} has log format {found}; this release reads {FORMAT}. Start the newer release."
                raise ConfigurationError(message)  # noqa: TRY301 - the handler below closes the file
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
            db.execute(f"PRAGMA user_version = {FORMAT}")
        except BaseException:
            db.close()
            raise
        return db

    def _create_lanes(self, topics: Mapping[str, TopicSpec]) -> None:
        known = {topic for (topic,) in self._db.execute("SELECT DISTINCT topic FROM lane")}
        missing = [spec for spec in topics.values() if spec.name not in known]
        self._db.executemany(
            "INSERT INTO lane (topic, partition) VALUES (?, ?)",
            [(spec.name, partition) for spec in missing for partition in range(spec.partitions)],
        )

    def _append(self, messages: Sequence[tuple[int, Message]], taken_at: int) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = {}
        rows = []
        for partition, message in messages:
            lane = TopicPartition(message.topic, partition)
            lane_id = self._id_of[lane]
            if lane not in ends:
                (ends[lane],) = self._db.execute("SELECT next_offset FROM lane WHERE id = ?", (lane_id,)).fetchone()
            rows.append((lane_id, ends[lane], taken_at, message.key, pack_headers(message.headers), message.value))
            ends[lane] += 1
        self._db.executemany(
            "INSERT INTO record (lane, place, taken_at, key, headers, value) VALUES (?, ?, ?, ?, ?, ?)", rows
        )
        self._db.executemany(
            "UPDATE lane SET next_offset = ? WHERE id = ?", [(end, self._id_of[lane]) for lane, end in ends.items()]
        )
        return ends

    def _record(self, lane_id: int, place: int, taken_at: int, key: bytes, headers: str, value: bytes) -> Record:
        lane = self._lane_of[lane_id]
        return Record(
            topic=lane.topic,
            key=key,
            value=value,
            headers=unpack_headers(headers),
            partition=lane.partition,
            offset=place,
            timestamp=EPOCH + taken_at * MICROSECOND,
        )

    @contextmanager
    def _writing(self, *, durable: bool) -> Iterator[None]:
        with self._explained():
            self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into what the reader can do."""
        try:
            yield
        except OSError as error:
            message = f"The folder of the event log {self._path} cannot be made ({error}). Give another data directory."
            raise ConfigurationError(message) from error
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & PRIMARY_CODE
            if code in HOPELESS:
                message = (
                    f"{self._path} cannot be used as the event log ({error}). Check the path, or restore the file."
                )
                raise ConfigurationError(message) from error
            if not isinstance(error, sqlite3.OperationalError):
                raise
            if code == sqlite3.SQLITE_FULL:
                message = f"The disk that holds {self._path} is full. Free some space; nothing was half-written."
                raise TransientError(message) from error
            message = f"The event log {self._path} did not answer ({error}). The work will be tried again."
            raise TransientError(message) from error
