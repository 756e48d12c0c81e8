"""Gauges that need the database: a background task looks every few seconds, so that a scrape never waits."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.bus.port import Bus
from shared.bus.waiting import wait_any
from shared.clock import Clock
from shared.observability.metrics import BUS_UP, OUTBOX_OLDEST, OUTBOX_WAITING, POOL_IN_USE

if TYPE_CHECKING:
    from shared.runtime import Room

EVERY_SECONDS = 5.0

log = structlog.get_logger()

type Sample = Callable[[AsyncSession], Awaitable[None]]
"""Sets a room's own gauges from what it reads."""


class Sampling:
    """Keeps the gauges of a process's rooms.

    Args:
        rooms: whose.
        bus: the process's.
        clock: ages are reckoned by it.
    """

    def __init__(self, rooms: Sequence["Room"], bus: Bus, clock: Clock) -> None:
        self._rooms = rooms
        self._bus = bus
        self._clock = clock
        self._failing: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look now and every few seconds, until told to stop."""
        while not stop.is_set():
            for room in self._rooms:
                BUS_UP.labels(room.name).set(self._bus.trouble is None)
                POOL_IN_USE.labels(room.name).set(room.db.connections_in_use)
                try:
                    await self._look(room)
                except Exception as error:  # noqa: BLE001 - a gauge is no reason to end the process
                    if room.name not in self._failing:
                        log.warning("stopped_sampling", room=room.name, reason=type(error).__name__)
                    self._failing.add(room.name)
                else:
                    self._failing.discard(room.name)
            await wait_any(EVERY_SECONDS, stop)

    async def _look(self, room: "Room") -> None:
        if room.outbox is None and room.sample is None:
            return
        async with room.db.reading() as session:
            if room.outbox is not None:
                backlog = await room.outbox.backlog(session)
                age = (self._clock() - backlog.oldest).total_seconds() if backlog.oldest else 0.0
                OUTBOX_WAITING.labels(room.name).set(backlog.count)
                OUTBOX_OLDEST.labels(room.name).set(max(0.0, age))
            if room.sample is not None:
                await room.sample(session)
