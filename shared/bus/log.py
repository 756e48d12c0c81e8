"""The embedded bus: the bus port on one SQLite file. The default where there is no broker.

Inside a process a publish wakes the waiting polls at once. What another process appends is seen by a slow look at the
file. Groups are shared among the subscriptions of one process; two processes in one group would both get every record.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from math import ceil
from pathlib import Path

import structlog

from shared.bus.group import Group, Member
from shared.bus.log_file import LogFile, Positions
from shared.bus.log_threads import LogThreads
from shared.bus.port import Message, Record, TopicPartition
from shared.bus.waiting import wait_any
from shared.clock import Clock, utc_now
from shared.errors import ConfigurationError, TransientError
from shared.events.topics import TOPICS, TopicSpec

TAIL_PAGE = 500
ONE_DAY = 86_400.0
NOT_OPEN = "The event log is not open. Start the bus before using it; after a stop, start it again."

log = structlog.get_logger()


class LogBus:
    """Topics with keys, partitions and group offsets in one append-only file, durable through kill -9 and power loss.

    Args:
        path: the log file.
        topics: the list of topics; what is not on it is refused.
        poll_seconds: how often to look for what another process appended.
        clock: stamps the records.
        prunes: whether it drops what no retention keeps; not for one that only looks.
    """

    def __init__(
        self,
        path: Path,
        *,
        topics: Mapping[str, TopicSpec] = TOPICS,
        poll_seconds: float = 1.0,
        clock: Clock = utc_now,
        prunes: bool = True,
    ) -> None:
        self._path = path
        self._topics = topics
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._prunes = prunes
        self._pruning: asyncio.Task[None] | None = None
        self._open_log: LogThreads | None = None
        self._partitions: dict[str, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._groups: dict[str, Group] = {}
        self._news = asyncio.Event()

    @property
    def trouble(self) -> str | None:
        """A sentence while the file is not open, else None."""
        return None if self._open_log is not None else NOT_OPEN

    async def start(self) -> None:
        """Open the file, create the topics, and drop what no retention keeps.

        Raises:
            ConfigurationError: the path cannot be used as a log, with what to do.
        """
        opened = await LogThreads.open(self._path, self._topics, self._clock)
        opened.on_growth = self._note_ends
        for lane in opened.lanes:
            self._partitions[lane.topic] = max(self._partitions.get(lane.topic, 0), lane.partition + 1)
        self._note_ends(await opened.read(LogFile.ends))
        self._open_log = opened  # from here on others may use it
        if self._prunes:
            await self.prune()
            self._pruning = asyncio.create_task(self._prune_daily(), name="prune-log")

    async def stop(self) -> None:
        """Finish what is being written and close the file. Polls that wait end with an error."""
        if self._open_log is not None:
            if self._pruning is not None:
                self._pruning.cancel()
            await self._open_log.close()
            self._open_log = None
            self._announce()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Append messages, all or none; see the port."""
        placed = [(self._partition(message), message) for message in messages]
        if placed:
            await self._log.write(messages=placed)

    @asynccontextmanager
    async def subscribe(self, group: str, topics: Sequence[str]) -> AsyncIterator["LogSubscription"]:
        """Join a group; the lanes are dealt anew now and when the context closes."""
        self._refuse_unknown(topics)
        committed = await self._log.read(lambda file: file.positions(group))
        if group not in self._groups:
            self._groups[group] = Group(self._log.lanes, committed)
        shared = self._groups[group]
        member = Member(topics)
        shared.join(member)
        self._announce()
        try:
            yield LogSubscription(self, group, shared, member)
        finally:
            shared.leave(member)
            if shared.deserted:
                self._groups.pop(group, None)
            self._announce()

    async def tail(self, topics: Sequence[str], *, from_start: bool, follow: bool) -> AsyncIterator[Record]:
        """Read without a group, across lanes in the order of appending; see the port."""
        self._refuse_unknown(topics)
        await self.look()
        positions = {lane: 0 if from_start else end for lane, end in self._ends.items() if lane.topic in topics}
        while True:
            news = self._news
            page = await self.read(positions, TAIL_PAGE, fairly=False)
            for record in page:
                positions[record.lane] = record.offset + 1
                yield record
            if page:
                continue
            if not follow:
                return
            await self.wait(news, self._poll_seconds)

    async def prune(self) -> int:
        """Delete what no retention keeps any more; return how many records went. An open bus does it once a day."""
        return await self._log.maintain(lambda file: file.prune(self._topics, self._clock()))

    async def look(self) -> None:
        """Learn from the file what other processes appended, and wake the polls if they did."""
        self._note_ends(await self._log.read(LogFile.ends))

    async def read(self, positions: Positions, limit: int, *, fairly: bool) -> list[Record]:
        """Return the first records at and after these positions, in the order of appending.

        Args:
            positions: where to begin in each lane.
            limit: how many in all.
            fairly: give no lane more than its share while others have records too; a lane that is read again and again
                because its first record cannot be handled would otherwise starve the rest.
        """
        behind = {lane: offset for lane, offset in positions.items() if offset < self._ends[lane]}
        opened = self._log
        if not behind:
            return []
        share = ceil(limit / len(behind)) if fairly else limit
        return await opened.read(lambda file: file.read(behind, limit, share))

    async def count(self, positions: Positions) -> dict[TopicPartition, int]:
        """Return how many records stand at and after these positions."""
        return await self._log.read(lambda file: file.count(positions))

    async def commit(self, group: str, offsets: Positions) -> None:
        """Store a group's offsets, whoever asks; ``LogSubscription.commit`` asks only for what it owns."""
        await self._log.write(positions={group: offsets})

    @property
    def news(self) -> asyncio.Event:
        """An event that the next append, or the next change in a group, will set. Take it before looking."""
        return self._news

    async def wait(self, news: asyncio.Event, seconds: float) -> None:
        """Wait for news, but look at the file every ``poll_seconds``: another process gives no sign."""
        if not await wait_any(min(seconds, self._poll_seconds), news):
            await self.look()

    def _partition(self, message: Message) -> int:
        self._refuse_unknown([message.topic])
        return zlib.crc32(message.key) % self._partitions[message.topic]

    def _refuse_unknown(self, topics: Sequence[str]) -> None:
        unknown = [topic for topic in topics if topic not in self._topics]
        if unknown:
            message = f"Topic {', '.join(unknown)} is not on the list. Add it to shared/events/topics.py."
            raise ConfigurationError(message)

    async def _prune_daily(self) -> None:
        while True:
            await asyncio.sleep(ONE_DAY)
            try:
                await self.prune()
            except TransientError as error:
                log.warning("postponed_pruning", reason=str(error))

    @property
    def _log(self) -> LogThreads:
        if self._open_log is None:
            raise TransientError(NOT_OPEN)
        return self._open_log

    def _note_ends(self, seen: Positions) -> None:
        """Take in ends as they were seen, on either thread; an older sight never undoes a newer one."""
        grown = {lane: end for lane, end in seen.items() if end > self._ends.get(lane, -1)}
        if grown:
            self._ends.update(grown)
            self._announce()

    def _announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class LogSubscription:
    """A member's view of its lanes; see the port."""

    def __init__(self, bus: LogBus, name: str, group: Group, member: Member) -> None:
        self._bus = bus
        self._name = name
        self._group = group
        self._member = member

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Record]:
        """Return the oldest records not yet polled, waiting for one if there is none."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_seconds
        while True:
            news = self._bus.news
            records = await self._take(max_records)
            left = deadline - loop.time()
            if records or left <= 0:
                return records
            await self._bus.wait(news, left)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Store the next offset to read for each lane; all of them or, if one was revoked, none."""
        self._group.check_owner(self._member, offsets)
        await self._bus.commit(self._name, offsets)
        self._group.note_committed(offsets)

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Return for each owned lane how many records are not yet committed."""
        return await self._bus.count({lane: self._group.committed(lane) for lane in self._member.positions})

    def rewind(self) -> None:
        """Forget what was polled but not committed."""
        self._group.rewind(self._member)

    async def _take(self, max_records: int) -> list[Record]:
        asked = dict(self._member.positions)
        records = await self._bus.read(asked, max_records, fairly=True)
        positions = self._member.positions
        # While the file was read a lane may have gone to another member, or been rewound: its records are not ours.
        kept = [record for record in records if positions.get(record.lane) == asked[record.lane]]
        positions.update({record.lane: record.offset + 1 for record in kept})
        return kept
