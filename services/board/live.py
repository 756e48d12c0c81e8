"""The day as it is now, made once however many look at it, and a sign to all of them when it changes."""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from services.board.domain.day import day_view
from services.board.domain.parts import Parts, parts
from services.board.domain.view import DayView
from services.board.store import queries
from shared.areas import Area
from shared.bus.waiting import wait_any
from shared.db.session import Database
from shared.events.ids import AreaId, NurseId

BETWEEN_UPDATES = 0.25
"""Seconds: an import changes the read model hundreds of times a second, a screen is read four times a second."""
UNHEARD = 1.0
"""Seconds: commits of another process set no event here, so the revisions are looked at this often in any case."""
KEPT_DAYS = 16

type Panels = Mapping[str, str]
"""HTML by the id of the element it fills."""


@dataclass(frozen=True, slots=True)
class Names:
    """What other rooms call things: nurses by id, services by code."""

    nurses: Mapping[NurseId, str]
    services: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Moment:
    """A day at one revision, in each shape that a screen wants."""

    view: DayView
    parts: Parts
    panels: Panels


class LiveDays:
    """Makes moments and wakes those who wait for the next.

    Args:
        db: the board's read model.
        names: what other rooms call things.
        draw: turns a view into the page's panels.
    """

    def __init__(
        self,
        db: Database,
        names: Callable[[], Awaitable[Names]],
        draw: Callable[[DayView, Mapping[str, str]], Panels],
    ) -> None:
        self._db = db
        self._names = names
        self._draw = draw
        self._made: OrderedDict[tuple[AreaId, dt.date], tuple[Moment, Names]] = OrderedDict()
        self._making = asyncio.Lock()
        self._waiting: dict[AreaId, set[asyncio.Event]] = {}

    async def now(self, area: Area, date: dt.date) -> Moment:
        """Return the day as the read model has it at this moment."""
        names = await self._names()
        key = (area.id, date)
        async with self._making, self._db.reading() as session:
            made = self._made.get(key)
            if made and made[1] == names and made[0].view.area == area:
                revision = (await queries.revisions(session)).get(area.id, 0)
                if made[0].view.revision == revision:
                    return made[0]
            view = day_view(await queries.load_day(session, area, date), names.nurses)
            moment = Moment(view, parts(view), self._draw(view, names.services))
            self._made[key] = (moment, names)
            self._made.move_to_end(key)
            while len(self._made) > KEPT_DAYS:
                self._made.popitem(last=False)
            return moment

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
        """Watch the revisions until told to stop."""
        committed = self._db.commits()
        seen: dict[AreaId, int] = {}
        while not stop.is_set():
            committed.clear()
            async with self._db.reading() as session:
                found = await queries.revisions(session)
            for area_id in (area_id for area_id, number in found.items() if seen.get(area_id) != number):
                for moved in self._waiting.get(area_id, ()):
                    moved.set()
            seen = found
            await wait_any(BETWEEN_UPDATES, stop)
            await wait_any(UNHEARD, committed, stop)
