"""What is told of the day to those who watch the system: how far today's visits have come, and which are late."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from services.board.domain.lateness import Due, late
from services.board.domain.progress import Status
from services.board.store import queries
from shared.areas import Area
from shared.clock import Clock
from shared.events.ids import AreaId
from shared.observability.metrics import VISITS, VISITS_LATE

UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True)
class _Day:
    """What was read of an area's day at a revision of the read model; nothing changes without one."""

    date: dt.date
    revision: int
    visits: tuple[Due, ...]


class Watching:
    """Sets the gauges of each area's day.

    Args:
        areas: the areas there are now.
        clock: says which day it is, and what is late.
    """

    def __init__(self, areas: Callable[[], Mapping[AreaId, Area]], clock: Clock) -> None:
        self._areas = areas
        self._clock = clock
        self._read: dict[AreaId, _Day] = {}

    async def sample(self, session: AsyncSession) -> None:
        """Set the gauges from the read model."""
        now = self._clock()
        revisions = await queries.revisions(session)
        for area_id, area in self._areas().items():
            today, revision = area.local_date(now), revisions.get(area_id, 0)
            day = self._read.get(area_id)
            if day is None or (day.date, day.revision) != (today, revision):
                day = _Day(today, revision, await queries.due_visits(session, area_id, today))
                self._read[area_id] = day
                counts = Counter(due.status for due in day.visits)
                for status in Status:
                    VISITS.labels(area_id, status.value).set(counts[status])
                left_out = await queries.left_out(session, area_id, today)
                VISITS.labels(area_id, UNASSIGNED).set(left_out)
            VISITS_LATE.labels(area_id).set(late(day.visits, now))
