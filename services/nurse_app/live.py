"""A sign to the open pages of a nurse when something of hers has changed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from services.nurse_app.store import queries
from shared.bus.waiting import wait_any
from shared.db.patience import Patience
from shared.db.session import Database
from shared.events.ids import NurseId

BETWEEN_SIGNS = 0.05
"""Seconds: a look at the revisions is cheap, and a nurse's tap waits for it."""
UNHEARD = 1.0
"""Seconds: commits of another process set no event here, so the revisions are looked at this often in any case."""


class LivePages:
    """Watches the read model for those who wait.

    Args:
        db: the nurses' read model.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[NurseId, set[asyncio.Event]] = {}
        self._seen: dict[NurseId, int] = {}

    def revision(self, nurse_id: NurseId) -> int:
        """Return how often something of hers had changed when it was last looked at."""
        return self._seen.get(nurse_id, 0)

    @contextmanager
    def watching(self, nurse_id: NurseId) -> Iterator[asyncio.Event]:
        """Lend an event that is set when something of hers has changed; the watcher clears it."""
        moved = asyncio.Event()
        self._waiting.setdefault(nurse_id, set()).add(moved)
        try:
            yield moved
        finally:
            watchers = self._waiting[nurse_id]
            watchers.discard(moved)
            if not watchers:
                del self._waiting[nurse_id]

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until told to stop."""
        committed = self._db.commits()
        patience = Patience("watching the pages")
        while not stop.is_set():
            committed.clear()
            try:
                async with self._db.reading() as session:
                    found = await queries.revisions(session)
            except Exception as error:  # noqa: BLE001 - what does not pass by itself is raised again
                await wait_any(patience.pause_after(error), stop)
                continue
            patience.worked()
            moved = [nurse_id for nurse_id, number in found.items() if self._seen.get(nurse_id) != number]
            self._seen = found
            for nurse_id in moved:
                for watcher in self._waiting.get(nurse_id, ()):
                    watcher.set()
            await wait_any(BETWEEN_SIGNS, stop)
            await wait_any(UNHEARD, committed, stop)
