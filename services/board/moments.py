"""The day as it is now, in each shape that a screen wants; made once however many look at it."""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.board.domain.day import day_view
from services.board.domain.facts import DayFacts
from services.board.domain.parts import Parts, parts
from services.board.domain.view import DayView
from services.board.people import PeerNames
from services.board.store import queries
from shared.areas import Area
from shared.db.session import Database
from shared.events.ids import AreaId, NurseId

KEPT_DAYS = 16

type Panels = Mapping[str, str]
"""HTML by the id of the element it fills."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A day at one revision."""

    view: DayView
    parts: Parts
    panels: Panels


@dataclass(frozen=True, slots=True)
class _Made:
    facts: DayFacts
    nurses: Mapping[NurseId, str]
    services: Mapping[str, str]
    moment: Moment


class Moments:
    """Makes moments, and keeps the newest of each day as long as nothing changes.

    Args:
        db: the board's read model.
        nurses: their names.
        services: their names.
        draw: turns a view into the page's panels.
    """

    def __init__(
        self,
        db: Database,
        nurses: PeerNames[NurseId],
        services: PeerNames[str],
        draw: Callable[[DayView, Mapping[str, str]], Panels],
    ) -> None:
        self._db = db
        self._nurses = nurses
        self._services = services
        self._draw = draw
        self._kept: OrderedDict[tuple[AreaId, dt.date], _Made] = OrderedDict()
        self._making = asyncio.Lock()

    async def now(self, area: Area, date: dt.date) -> Moment:
        """Return the day as the read model has it at this moment."""
        async with self._making:
            kept = self._kept.get((area.id, date))
            facts = await self._facts(area, date, kept)
            nurses = await self._nurses.get([shift.nurse_id for shift in facts.shifts])
            services = await self._services.get()
            if kept and kept.facts is facts and kept.nurses is nurses and kept.services is services:
                return kept.moment
            view = day_view(facts, nurses)
            moment = Moment(view, parts(view), self._draw(view, services))
            self._keep(_Made(facts, nurses, services, moment))
            return moment

    async def _facts(self, area: Area, date: dt.date, kept: _Made | None) -> DayFacts:
        async with self._db.reading() as session:
            if kept and kept.facts.area == area:
                revision = (await queries.revisions(session)).get(area.id, 0)
                if kept.facts.revision == revision:
                    return kept.facts
            return await queries.load_day(session, area, date)

    def _keep(self, made: _Made) -> None:
        key = (made.facts.area.id, made.facts.date)
        self._kept[key] = made
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_DAYS:
            self._kept.popitem(last=False)
