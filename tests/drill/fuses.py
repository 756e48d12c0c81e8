"""The crash points: a fuse that is lit from outside kills or freezes its process at a named point.

Fuses are put around the house's own classes in the drill's processes; the house knows nothing of them.
"""

import asyncio
import functools
import json
import os
import random
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from services.booking.api import bookings
from services.booking.store import models as booking
from services.routing import saving, service
from services.routing.jobs import PlanJobs
from services.routing.solver.process import SolverProcess
from shared.bus.handling import Handling
from shared.bus.kafka.bus import KafkaBus
from shared.bus.kafka.subscription import KafkaSubscription, Lanes
from shared.bus.port import Record
from shared.db.inbox import Inbox
from shared.db.outbox import Outbox
from shared.db.relay import Relay

BOOKING = (
    "intake: before commit",
    "intake: after commit, before the reply",
    "intake: during a replayed key",
)
RELAY = (
    "relay: after read, before send",
    "relay: after send, before ack",
    "relay: after ack, before mark",
    "pruning: outbox",
)
CONSUMER = (
    "consumer: before the transaction",
    "consumer: after inbox",
    "consumer: after effect, before commit",
    "consumer: after commit, before the offset",
    "consumer: after the offset",
    "consumer: in the revoke callback",
    "pruning: inbox",
)
ROUTING = (
    "planner: before the solve",
    "planner: during the solve",
    "planner: after the solve",
    "planner: after the plan, before dispatch",
)
DISPATCH = ("dispatch: after the push, before the mark",)
MIGRATION = "migration: half-way"
POISON = "poison: "
AT_START = frozenset({"pruning: outbox", "pruning: inbox", MIGRATION})
"""Points that a process only passes while it starts."""

POINTS = {
    "booking": (*BOOKING, *RELAY, *CONSUMER),
    "geocoding": (*RELAY, *CONSUMER),
    "routing": (*RELAY, *CONSUMER, *ROUTING),
    "dispatch": (*RELAY, *CONSUMER, *DISPATCH),
    "board": CONSUMER,
    "nurse_app": CONSUMER,
    "witness": CONSUMER,
}
HALF_A_MIGRATION = 3
"""Tables after which a migration is half done."""


class Fuse:
    """The one fuse of this process.

    Args:
        file: says which point, and at which passing; read on SIGUSR1.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._point = ""
        self._passes = 0
        self._signal = int(signal.SIGKILL)

    def listen(self) -> None:
        """Read the file now, and whenever SIGUSR1 comes."""
        signal.signal(signal.SIGUSR1, lambda _number, _frame: self._read())
        self._read()

    def lit(self, point: str) -> bool:
        """Tell whether this point is waited for."""
        return self._point == point

    def reach(self, point: str) -> None:
        """Pass a point; the last thing this process does, or does for a while, if it is the one."""
        if not point or point != self._point:
            return
        self._passes -= 1
        if self._passes <= 0:
            self._point = ""
            os.killpg(os.getpgrp(), self._signal)

    def check_poison(self, record: Record) -> None:
        """Fail on the one record that the fuse names as ``poison: <key>/<aggregate version>``."""
        if self._point.startswith(POISON):
            version = json.loads(record.value).get("aggregate_version")
            if self._point == f"{POISON}{record.key.decode()}/{version}":
                raise RuntimeError("The drill has poisoned this record.")

    def _read(self) -> None:
        try:
            self._point, self._passes, self._signal = json.loads(self._file.read_text())
        except (OSError, ValueError):
            self._point = ""


def install(fuse: Fuse, room: str) -> None:
    """Put fuses around what the processes of a room do."""
    _around_relay(fuse, room)
    _around_consumer(fuse)
    _around_migrations(fuse)
    if room == "booking":
        _around_intake(fuse)
    if room == "routing":
        _around_planner(fuse)


def _wrap(owner: Any, name: str, around: Callable[..., Awaitable[Any]]) -> None:
    """Replace an async function by one that is given the original first."""
    original = getattr(owner, name)

    @functools.wraps(original)
    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        return await around(original, *args, **kwargs)

    setattr(owner, name, wrapped)


def _reach(
    owner: Any,
    name: str,
    fuse: Fuse,
    *,
    before: str = "",
    after: str = "",
    only: Callable[[Any], object] = lambda _result: True,
) -> None:
    async def around(original: Callable[..., Awaitable[Any]], *args: Any, **kwargs: Any) -> Any:
        fuse.reach(before)
        result = await original(*args, **kwargs)
        if only(result):
            fuse.reach(after)
        return result

    _wrap(owner, name, around)


def _around_relay(fuse: Fuse, room: str) -> None:
    async def publish(original: Callable[..., Awaitable[None]], *args: Any) -> None:
        if fuse.lit("relay: after send, before ack"):
            sending = asyncio.ensure_future(original(*args))
            await asyncio.sleep(random.uniform(0, 0.004))  # noqa: S311 - somewhere between the send and the ack
            fuse.reach("relay: after send, before ack")
            await sending
        else:
            await original(*args)

    _reach(Relay, "_send", fuse, before="relay: after read, before send")
    _wrap(KafkaBus, "publish", publish)
    _reach(Outbox, "mark", fuse, before="relay: after ack, before mark")
    _reach(Outbox, "prune", fuse, after="pruning: outbox")
    if room == "dispatch":
        _reach(Outbox, "mark", fuse, before="dispatch: after the push, before the mark")


def _around_consumer(fuse: Fuse) -> None:
    async def handle_one(original: Callable[..., Awaitable[Any]], self: object, record: Record, *rest: Any) -> Any:
        fuse.check_poison(record)
        outcome = await original(self, record, *rest)
        fuse.reach("consumer: after effect, before commit")
        return outcome

    _reach(
        Handling,
        "handle",
        fuse,
        before="consumer: before the transaction",
        after="consumer: after commit, before the offset",
    )
    _wrap(Handling, "_handle_one", handle_one)
    _reach(Inbox, "first_sight", fuse, after="consumer: after inbox", only=bool)
    _reach(Inbox, "prune", fuse, after="pruning: inbox")
    _reach(KafkaSubscription, "commit", fuse, after="consumer: after the offset")
    _reach(Lanes, "on_partitions_revoked", fuse, before="consumer: in the revoke callback")


def _around_migrations(fuse: Fuse) -> None:
    made = 0

    @event.listens_for(Engine, "after_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal made
        if "CREATE TABLE" in statement:
            made += 1
            if made == HALF_A_MIGRATION:
                fuse.reach(MIGRATION)


def _around_intake(fuse: Fuse) -> None:
    _reach(booking.outbox, "add", fuse, after="intake: before commit")
    _reach(bookings, "book", fuse, after="intake: after commit, before the reply", only=lambda got: not got.replayed)
    _reach(bookings, "book", fuse, after="intake: during a replayed key", only=lambda got: got.replayed)


def _around_planner(fuse: Fuse) -> None:
    async def solve(original: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        solving = asyncio.ensure_future(original(*args))
        if fuse.lit("planner: during the solve"):
            await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311 - somewhere in the midst
            fuse.reach("planner: during the solve")
        result = await solving
        fuse.reach("planner: after the solve")
        return result

    _reach(PlanJobs, "_lease", fuse, after="planner: before the solve", only=lambda leased: leased is not None)
    _wrap(SolverProcess, "solve", solve)
    _wrap(service, "insert", solve)
    _reach(saving, "_save", fuse, after="planner: after the plan, before dispatch", only=bool)
