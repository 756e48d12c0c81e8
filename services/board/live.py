"""A sign to those who watch an area when its read model has changed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from services.board.store import queries
from shared.bus.waiting import wait_any
from shared.db.patience import Patience
from shared.db.session import Database
from shared.events.ids import AreaId

BETWEEN_SIGNS = 0.25
"""Seconds: an import changes the read model hundreds of times a second, a screen is read four times a second."""
UNHEARD = 1.0
"""Seconds: commits of another process set no event here, so the revisions are looked at this often in any case."""


class LiveAreas:
    """Watches the revisions for those who wait.

    Args:
        db: the board's read model.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[AreaId, set[asyncio.Event]] = {}

    @contextmanager
    def watching(self, area_id: AreaId) -> Iterator[asyncio.Event]:
        """Lend an event that is set when the area has changed; the watcher clears it."""
        moved = asyncio.Event()
        self._waiting.setdefault(area_id, set()).add(moved)
        try:
            yield moved
        finally:
            self._waiting[area_id].discard(moved)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until told to stop."""
        committed = self._db.commits()
        patience = Patience("watching the board")
        seen: dict[AreaId, int] = {}
        while not stop.is_set():
            committed.clear()
            try:
                async with self._db.reading() as session:
                    found = await queries.revisions(session)
            except Exception as error:  # noqa: BLE001 - what does not pass by itself is raised again
                await wait_any(patience.pause_after(error), stop)
                continue
            patience.worked()
            moved_areas = [area_id for area_id, number in found.items() if seen.get(area_id) != number]
            for area_id in moved_areas:
                for moved in self._waiting.get(area_id, ()):
                    moved.set()
            seen = found
            await wait_any(BETWEEN_SIGNS, stop)
            await wait_any(UNHEARD, committed, stop)
