"""Running rooms: what a room hands over, and ``serve()``, which starts, watches and stops them in order."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI

from shared.areas import Areas
from shared.bus.consumer import Consumer
from shared.bus.port import Bus
from shared.clock import Clock
from shared.db.inbox import Inbox
from shared.db.migrate import make_ready
from shared.db.outbox import Outbox
from shared.db.patience import Patience
from shared.db.session import Database
from shared.errors import ConfigurationError
from shared.http import UntilOpen, create_app
from shared.observability.following import Waits, trace_router
from shared.observability.health import health_router
from shared.observability.sampling import Sample, Sampling
from shared.observability.tracing import start_tracing
from shared.peers import Peers
from shared.security.tokens import Tokens
from shared.settings import HouseSettings

LAST_ANSWERS_SECONDS = 4
PHASE_DEADLINE = 5.0
STOP_DEADLINE = 25.0
"""Seconds in all: the doors and three phases one after the other, and a little. An orchestrator kills after 30."""
EXIT_HARD = 70
OPEN_CAP_SECONDS = 5.0
"""The longest pause between two tries to open a database."""

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
        consumer: watched, as are ``inbox`` and ``outbox``.
        sample: sets gauges of the room's own.
        waits: tells what waits inside the room.
    """

    name: str
    db: Database
    migrations: Path
    state: object
    routers: Sequence[APIRouter] = ()
    tasks: Sequence[Task] = ()
    open: Callable[[], Awaitable[None]] | None = None
    close: Callable[[], Awaitable[None]] | None = None
    consumer: Consumer[Any] | None = None
    inbox: Inbox | None = None
    outbox: Outbox | None = None
    sample: Sample | None = None
    waits: Waits | None = None


@dataclass(slots=True)
class House:
    """What every room's composition root is given.

    Attributes:
        areas: the areas built so far; a new one is seen without a restart.
        working: set when the databases are at this release and the background tasks run.
        stopping: set when the house begins to stop; open streams end.
        running: the background tasks, for who watches over them.
    """

    settings: HouseSettings
    bus: Bus
    clock: Clock
    tokens: Tokens
    peers: Peers
    working: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    running: list[asyncio.Task[None]] = field(default_factory=list)
    areas: Areas = field(init=False)

    def __post_init__(self) -> None:
        self.areas = Areas(self.settings.data)

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.settings.data

    def database(self, room: str) -> Database:
        """Open a room's own database."""
        return Database.of_room(self.settings, room)


@asynccontextmanager
async def opened(house: House, rooms: Sequence[Room]) -> AsyncIterator[FastAPI]:
    """Migrate, start the bus and every room's background tasks; stop them in order at the end.

    Yields:
        The application that serves all routers. Nothing listens yet; ``serve()`` puts it on a socket.

    Raises:
        ExceptionGroup: a background task failed; the others were stopped first.
    """
    app = _assembled(house, rooms)
    async with _closing(house, rooms):
        await _prepare(house, rooms)
        async with _working(house, rooms):
            yield app


def _assembled(house: House, rooms: Sequence[Room]) -> FastAPI:
    """Return the application; until the rooms work it answers 503 to all but the questions after its health."""
    start_tracing("rounds" if len(rooms) > 1 else f"rounds-{rooms[0].name}")
    routers = {id(router): router for room in rooms for router in room.routers}  # two rooms may share one
    watching = [health_router(house, rooms), *(trace_router(room, house.bus) for room in rooms)]
    app = create_app("Rounds", [*routers.values(), *watching])
    app.state.rooms = {room.name: room.state for room in rooms}
    app.state.house = house
    app.add_middleware(UntilOpen, is_open=house.working.is_set)
    house.peers.attach(app)
    return app


async def _prepare(house: House, rooms: Sequence[Room], on_wait: Callable[[], None] = lambda: None) -> None:
    """Bring the databases to this release, waiting for those that are away, and start the bus.

    Args:
        house: what the rooms were composed with.
        rooms: whose databases.
        on_wait: told when a database is away.

    Raises:
        ConfigurationError: waiting would not help.
    """
    for room in rooms:
        patience = Patience(f"opening the database of {room.name}", cap_seconds=OPEN_CAP_SECONDS)
        while True:
            try:
                await make_ready(room.db, room.migrations, upgrading=house.settings.database_upgrade)
                break
            except Exception as error:  # noqa: BLE001 - what does not pass by itself is raised again
                pause = patience.pause_after(error)
                on_wait()
                await asyncio.sleep(pause)
        patience.worked()
    await house.bus.start()


@asynccontextmanager
async def _working(house: House, rooms: Sequence[Room]) -> AsyncIterator[None]:
    for room in rooms:
        if room.open:
            await room.open()
    phases = {phase: asyncio.Event() for phase in Phase}
    async with asyncio.TaskGroup() as group:
        running: list[_Running] = [
            (task, group.create_task(task.run(phases[task.phase]), name=task.name)) for task in _all(house, rooms)
        ]
        house.running[:] = [started for _, started in running]
        house.working.set()
        try:
            yield
        finally:
            house.stopping.set()
            await _stop_in_order(phases, running)


@asynccontextmanager
async def _closing(house: House, rooms: Sequence[Room]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for room in rooms:
            if room.close:
                await room.close()
        await house.peers.close()
        await house.bus.stop()
        for room in rooms:
            await room.db.close()


def _all(house: House, rooms: Sequence[Room]) -> list[Task]:
    sampling = Task("sampling", Phase.RELAY, Sampling(rooms, house.bus, house.clock).run)
    return [*(task for room in rooms for task in room.tasks), sampling]


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


class _Doors:
    """The HTTP server on a socket; until it is opened, who knocks is refused the connection and goes elsewhere."""

    def __init__(self, app: FastAPI, sock: socket.socket) -> None:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=LAST_ANSWERS_SECONDS
        )
        self._server = _Server(config)
        self._sock = sock
        self.serving: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Take requests, if they are not taken already."""
        if not self.serving:
            self.serving.add(asyncio.create_task(self._server.serve(sockets=[self._sock]), name="http"))

    async def close(self) -> None:
        """Take no more requests, and give those under way some seconds to be answered."""
        self._server.should_exit = True
        await asyncio.gather(*self.serving)


async def serve(
    house: House,
    rooms: Sequence[Room],
    sock: socket.socket,
    main: Main | None = None,
) -> None:
    """Serve rooms on a socket until SIGTERM or SIGINT, or until ``main`` returns.

    The doors open when the rooms work; or before, when the database is away: somebody who asks after the process's
    health then gets an answer.

    Args:
        house: settings, bus, clock and tokens the rooms were composed with.
        rooms: what to run.
        sock: from ``listen()``.
        main: what to do once the rooms work; by default, wait for a signal.
    """
    app = _assembled(house, rooms)
    doors = _Doors(app, sock)
    with _signals(house.stopping):
        try:
            async with _closing(house, rooms):
                if await _first(house.stopping, doors, _prepare(house, rooms, doors.open)):
                    async with _working(house, rooms):
                        doors.open()
                        await _first(house.stopping, doors, main(app, house.stopping) if main else _for_ever())
                        house.stopping.set()
                        await doors.close()
        finally:
            house.stopping.set()
            await doors.close()


async def _first(stopping: asyncio.Event, doors: _Doors, work: Coroutine[None, None, None]) -> bool:
    """Do a piece of work, unless the house is told to stop or its doors break; tell whether it was done."""
    stopped = asyncio.create_task(stopping.wait(), name="stopping")
    working = asyncio.create_task(work, name="main")
    try:
        await asyncio.wait({stopped, working, *doors.serving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        done = working.done()
        for task in (stopped, working):
            task.cancel()
        await asyncio.gather(stopped, working, return_exceptions=True)
    if done:
        working.result()
    return done


async def _for_ever() -> None:
    await asyncio.Event().wait()


@contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT begin the stop; when a stop does not come to its end, end the process all the same."""
    loop = asyncio.get_running_loop()
    last_resort = threading.Timer(STOP_DEADLINE, _give_up)
    last_resort.daemon = True

    async def await_stop() -> None:
        await stopping.wait()
        last_resort.start()

    watching = asyncio.create_task(await_stop(), name="last resort")
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield
    finally:
        watching.cancel()
        last_resort.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _give_up() -> None:
    log.error("left_hard", deadline_seconds=STOP_DEADLINE)
    os._exit(EXIT_HARD)
