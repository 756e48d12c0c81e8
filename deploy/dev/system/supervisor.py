"""The supervisor: starts servers and rooms, starts again what ends, and ends everything in order on SIGTERM."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil
import structlog

from deploy.dev.kafka import kafka
from deploy.dev.kafka.broker import Broker
from deploy.dev.postgres import PostgresServer, postgres
from deploy.dev.system.places import ROOMS, Place, settings_of, urls_by_room
from deploy.dev.system.record import Known, Record, write
from deploy.dev.system.room_process import RoomProcess
from services.house import claimed
from shared.bus.waiting import jittered
from shared.client import RunningSystem, announced
from shared.errors import RoundsError

LOOK_SECONDS = 0.2
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
WELL_SECONDS = 30.0
"""A process that ran for so long before it ended had no trouble with its start: it starts again at once."""
STOP_SECONDS = 30.0

log = structlog.get_logger()


@dataclass
class _Watched:
    """A room's process and how often it ended soon after its start."""

    process: RoomProcess
    started_at: float = 0.0
    early_ends: int = 0
    again_at: float = field(default=0.0)
    known: Known | None = None


def home(data: Path) -> Path:
    """Return the folder of a system of many processes below a data directory."""
    return data / "up"


def record_file(data: Path) -> Path:
    """Return where it is on record what runs."""
    return home(data) / "processes.json"


def supervise(data: Path, places: list[Place]) -> None:
    """Run the system until SIGTERM.

    Raises:
        RoundsError: a server cannot be had, or the data directory is another system's.
    """
    supervisor = Supervisor(data, places)
    signal.signal(signal.SIGTERM, _leave)
    try:
        supervisor.run()
    except RoundsError as error:
        supervisor.give_up(str(error))
        raise


def _leave(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: the way out is not to be broken off
    raise SystemExit(0)


class Supervisor:
    """Watches over one system.

    Args:
        data: its data directory; servers' folders and logs go below ``up``.
        places: the rooms' processes.
    """

    def __init__(self, data: Path, places: list[Place]) -> None:
        self._data = data
        self._places = places
        self._file = record_file(data)
        self._myself = Known.of(psutil.Process().pid)
        self._rooms: list[_Watched] = []
        self._servers: dict[str, Known] = {}
        self._ready = False
        self._write()

    def run(self) -> None:
        """Start everything and watch it; every way out ends the rooms first, then Kafka, then PostgreSQL."""
        with ExitStack() as stack:
            stack.callback(self._file.unlink, missing_ok=True)
            stack.enter_context(claimed(self._data, "house"))
            database = stack.enter_context(postgres(home(self._data) / "postgres"))
            self._watch_servers(database, [])
            for room in ROOMS:
                database.create(f"rounds_{room}")
            cluster = stack.enter_context(kafka(home(self._data) / "kafka"))
            self._watch_servers(database, cluster.brokers)
            shared = {
                "ROUNDS_DATABASE_URL": database.template,
                "ROUNDS_KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap,
            }
            stack.enter_context(self._running_rooms(shared))
            stack.enter_context(
                announced(self._data, RunningSystem(self._url("board"), urls_by_room(self._places), shared))
            )
            while True:
                self._watch_servers(database, cluster.brokers)
                for watched in self._rooms:
                    self._watch(watched)
                if not self._ready and all(watched.process.is_ready() for watched in self._rooms):
                    self._ready = True
                    self._write()
                    log.info("all_ready")
                time.sleep(LOOK_SECONDS)

    def give_up(self, reason: str) -> None:
        """Leave word of why the system does not run."""
        write(self._file, Record(self._myself, failure=reason))

    @contextmanager
    def _running_rooms(self, shared: Mapping[str, str]) -> Iterator[None]:
        common = {
            **shared,
            "ROUNDS_DATA": str(self._data.resolve()),
            "ROUNDS_DATABASE_UPGRADE": "true",
            "ROUNDS_KAFKA_CREATE_TOPICS": "true",
        }
        for place in self._places:
            settings = {**common, **settings_of(place, self._places)}
            self._rooms.append(_Watched(RoomProcess(place, settings, home(self._data) / "logs" / f"{place.name}.log")))
        try:
            for watched in self._rooms:
                self._start(watched)
            yield
        finally:
            running = [watched.process for watched in self._rooms if watched.known and watched.process.code is None]
            for process in running:
                process.terminate()
            until = time.monotonic() + STOP_SECONDS
            for process in running:
                process.await_end(max(0.0, until - time.monotonic()))

    def _start(self, watched: _Watched) -> None:
        watched.process.start()
        watched.started_at = time.monotonic()
        watched.known = Known.of(watched.process.pid)
        self._write()

    def _watch(self, watched: _Watched) -> None:
        """Start a process again that has ended: at once, or after a growing pause when it ends again and again."""
        if watched.known is None:
            if time.monotonic() >= watched.again_at:
                self._start(watched)
            return
        code = watched.process.code
        if code is None:
            return
        watched.known = None
        well = time.monotonic() - watched.started_at >= WELL_SECONDS
        watched.early_ends = 0 if well else watched.early_ends + 1
        pause = 0.0 if well else jittered(watched.early_ends, first=FIRST_PAUSE, cap=LONGEST_PAUSE)
        watched.again_at = time.monotonic() + pause
        words = watched.process.last_words()
        log.warning("room_ended", process=watched.process.place.name, code=code, pause_seconds=pause, said=words[:500])

    def _watch_servers(self, database: PostgresServer, brokers: Sequence[Broker]) -> None:
        """Start a server again that has ended, and keep its number on record."""
        named: dict[str, PostgresServer | Broker] = {f"kafka-{broker.node}": broker for broker in brokers}
        named["postgres"] = database
        running = {name: self._kept(name, server) for name, server in named.items()}
        if running != self._servers:
            self._servers = running
            self._write()

    def _kept(self, name: str, server: PostgresServer | Broker) -> Known:
        known = self._servers.get(name)
        if known is None:
            return Known.of(server.pid)
        if known.process() is None:
            log.warning("server_ended", server=name)
            server.stop()  # it forgets the dead one
            server.start()
            return Known.of(server.pid)
        return known

    def _url(self, room: str) -> str:
        return next(place.url for place in self._places if place.room == room)

    def _write(self) -> None:
        rooms = {watched.process.place.name: watched.known for watched in self._rooms if watched.known}
        write(self._file, Record(self._myself, rooms, self._servers, self._ready))
