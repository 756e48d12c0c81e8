"""Running rooms: what a room hands over, and ``serve()``, which starts, watches and stops them in order."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI

from shared.areas import Areas
from shared.bus.port import Bus
from shared.clock import Clock
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.errors import ConfigurationError
from shared.http import create_app
from shared.peers import Peers
from shared.security.tokens import Tokens
from shared.settings import HouseSettings

PHASE_DEADLINE = 10.0

log = structlog.get_logger()


class Phase(IntEnum):
    """The order in which background work is stopped: intake first, the last drain of the outbox at the end."""

    CONSUME = 1
    WORK = 2
    RELAY = 3


@dataclass(frozen=True, slots=True)
class Task:
    """Background work of a room; ``run`` returns soon after its stop event is set."""

    name: str
    phase: Phase
    run: Callable[[asyncio.Event], Coroutine[None, None, None]]


type Main = Callable[[FastAPI, asyncio.Event], Coroutine[None, None, None]]
"""What to do while the doors are open; it gets the application and an event that is set on SIGTERM."""

type _Running = tuple[Task, asyncio.Task[None]]


@dataclass(frozen=True, slots=True)
class Room:
    """What a room's composition root hands to the runtime.

    Attributes:
        state: what the room's endpoints find as ``request.app.state.rooms[name]``.
        close: called last, after every task of the room has ended.
    """

    name: str
    db: Database
    migrations: Path
    state: object
    routers: Sequence[APIRouter] = ()
    tasks: Sequence[Task] = ()
    open: Callable[[], Awaitable[None]] | None = None
    close: Callable[[], Awaitable[None]] | None = None


@dataclass(slots=True)
class House:
    """What every room's composition root is given.

    Attributes:
        areas: the areas built so far; a new one is seen without a restart.
        stopping: set when the house begins to stop; open streams end.
    """

    settings: HouseSettings
    bus: Bus
    clock: Clock
    tokens: Tokens
    peers: Peers
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    areas: Areas = field(init=False)

    def __post_init__(self) -> None:
        self.areas = Areas(self.settings.data)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.settings.data

    def database(self, room: str) -> Database:
        """Open a room's own database."""
        return Database.in_file(self.data / f"{room}.sqlite")


@asynccontextmanager
async def opened(house: House, rooms: Sequence[Room]) -> AsyncIterator[FastAPI]:
    """Migrate, start the bus and every room's background tasks; stop them in order at the end.

    Yields:
        The application that serves all routers. Nothing listens yet; ``serve()`` puts it on a socket.

    Raises:
        ExceptionGroup: a background task failed; the others were stopped first.
    """
    for room in rooms:
        await upgrade(room.db, room.migrations)
    await house.bus.start()
    app = create_app("Rounds", [router for room in rooms for router in room.routers])
    app.state.rooms = {room.name: room.state for room in rooms}
    app.state.house = house
    house.peers.attach(app)
    for room in rooms:
        if room.open:
            await room.open()
    phases = {phase: asyncio.Event() for phase in Phase}
    try:
        async with asyncio.TaskGroup() as group:
            running: list[_Running] = [
                (task, group.create_task(task.run(phases[task.phase]), name=task.name)) for task in _all(rooms)
            ]
            try:
                yield app
            finally:
                house.stopping.set()
                await _stop_in_order(phases, running)
    finally:
        for room in rooms:
            if room.close:
                await room.close()
        await house.peers.close()
        await house.bus.stop()
        for room in rooms:
            await room.db.close()


def _all(rooms: Iterable[Room]) -> list[Task]:
    return [task for room in rooms for task in room.tasks]


async def _stop_in_order(phases: Mapping[Phase, asyncio.Event], running: Sequence[_Running]) -> None:
    for phase in Phase:
        phases[phase].set()
        mine = [started for task, started in running if task.phase is phase]
        if not mine:
            continue
        _, late = await asyncio.wait(mine, timeout=PHASE_DEADLINE)
        for task in late:
            log.warning("cancelled_late_task", task=task.get_name(), deadline_seconds=PHASE_DEADLINE)
            task.cancel()


def listen(host: str, port: int) -> socket.socket:
    """Bind the socket to serve on.

    Raises:
        ConfigurationError: the port is taken or the address is not this machine's.
    """
    if not host.startswith("127.") and host != "localhost":
        log.warning(
            "listening_beyond_this_machine",
            host=host,
            remedy="Nobody logs in: put a proxy that knows who is there in front.",
        )
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        message = f"Cannot listen on {host}:{port}: {error.strerror}. Stop what uses it, or give another --port."
        raise ConfigurationError(message) from error
    return sock


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: the house decides when to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


async def serve(
    house: House,
    rooms: Sequence[Room],
    sock: socket.socket,
    main: Main | None = None,
) -> None:
    """Serve rooms on a socket until SIGTERM or SIGINT, or until ``main`` returns.

    Args:
        house: settings, bus, clock and tokens the rooms were composed with.
        rooms: what to run.
        sock: from ``listen()``.
        main: what to do once the doors are open; by default, wait for a signal.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with opened(house, rooms) as app:
            config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5)
            server = _Server(config)
            listening = asyncio.create_task(server.serve(sockets=[sock]), name="http")
            work = asyncio.create_task(main(app, stop) if main else _forever(stop), name="main")
            stopping = asyncio.create_task(stop.wait(), name="signal")
            try:
                await asyncio.wait({listening, work, stopping}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                house.stopping.set()
                server.should_exit = True
                await listening
                stopping.cancel()
                if not work.done():
                    work.cancel()
                await asyncio.gather(stopping, work, return_exceptions=True)
            if work.done() and not work.cancelled():
                work.result()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _forever(stop: asyncio.Event) -> None:
    await stop.wait()
