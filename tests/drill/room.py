"""A room's process in the drill: the room as it is, with fuses around it, and in a control run without one guard."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from multiprocessing import get_context, parent_process
from pathlib import Path
from signal import SIG_DFL, SIGTERM, SIGUSR1, set_wakeup_fd, signal
from threading import Thread
from typing import Any

from services.board import service as board
from services.booking import service as booking
from services.dispatch import service as dispatch
from services.geocoding import service as geocoding
from services.nurse_app import service as nurse_app
from services.one_room import run
from services.routing import service as routing
from services.routing.settings import RoutingSettings
from services.routing.solver import process, worker
from services.routing.travel.port import TravelTimes
from services.routing.travel.straight_line import StraightLine
from shared.runtime import House
from tests.drill import guards, witness
from tests.drill.fuses import Fuse, install

BUILDERS = {
    "booking": booking.build,
    "geocoding": geocoding.build,
    "routing": routing.build,
    "dispatch": dispatch.build,
    "board": board.build,
    "nurse_app": nurse_app.build,
}


def be_room(room: str, environment: Mapping[str, str], log: Path, fuse_file: Path, off: tuple[str, ...]) -> None:
    """Be the process of a room until it ends; the entry point of the drill's processes.

    Args:
        room: which.
        environment: settings, as the room reads them.
        log: where it writes.
        fuse_file: see ``Fuse``.
        off: guards to turn off, for a control run.
    """
    os.setpgrp()  # a kill takes the planner's process along, as the end of a container would
    _end_with_parent()
    os.environ.update(environment)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout.fileno(), sys.stderr.fileno()):
        os.dup2(out, stream)
    fuse = Fuse(fuse_file)
    fuse.listen()
    install(fuse, room)
    for guard in off:
        guards.OFF[guard]()
    _make_light()
    if room == "witness":
        asyncio.run(witness.watch())
    else:
        run(BUILDERS[room])


def _make_light() -> None:
    """Let a start cost little: straight lines instead of a road graph, a forked planner instead of a spawned one."""
    routing._travel = _straight_lines  # type: ignore[assignment]  # its arguments have other names
    obey_parent = worker.obey_parent

    def be_planner(*arguments: Any) -> None:
        set_wakeup_fd(-1)  # the loop's: a signal to this process is none of the room's business
        for number in (SIGTERM, SIGUSR1):
            signal(number, SIG_DFL)
        obey_parent(*arguments)

    setattr(process, "obey_parent", be_planner)  # noqa: B010 - it is imported there, not exported
    setattr(process, "get_context", lambda _method: get_context("fork"))  # noqa: B010 - as above


def _straight_lines(_house: House, _settings: RoutingSettings) -> tuple[TravelTimes, Callable[[], Awaitable[None]]]:
    async def nothing() -> None:
        return

    return StraightLine(), nothing


def _end_with_parent() -> None:
    """Leave as soon as the process that asked for this one is gone."""
    Thread(target=_await_parents_end, daemon=True, name="end with parent").start()


def _await_parents_end() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
