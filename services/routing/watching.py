"""What is told of this room to those who watch the system."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store import plans, requests
from services.routing.store.models import VisitRow
from shared.clock import utc_now
from shared.events.ids import AreaId, VisitId
from shared.events.routing import PlanCommitted
from shared.observability.following import RoomStep
from shared.observability.metrics import PLAN_REQUESTS_OLDEST, PLAN_REQUESTS_WAITING

ROOM = "routing"


async def sample(session: AsyncSession) -> None:
    """Set the gauges of the plans that are wanted."""
    waiting = await requests.waiting(session)
    age = (utc_now() - waiting.oldest).total_seconds() if waiting.oldest else 0.0
    PLAN_REQUESTS_WAITING.labels(ROOM).set(waiting.count)
    PLAN_REQUESTS_OLDEST.labels(ROOM).set(max(0.0, age))


async def waits(session: AsyncSession, visits: Sequence[UUID]) -> list[RoomStep]:
    """Return when these visits were planned, and which of them wait for a plan or were left out of one."""
    rows = await session.exec(select(VisitRow).where(col(VisitRow.visit_id).in_(visits)))
    return [step for row in rows if not row.cancelled for step in await _steps(session, row)]


async def _steps(session: AsyncSession, row: VisitRow) -> list[RoomStep]:
    steps = [] if row.planned_at is None else [RoomStep(at=row.planned_at, what="planned", waiting=False)]
    if row.planned_date is None:
        return steps
    area_id, date = AreaId(row.area_id), row.planned_date
    request = await requests.request(session, area_id, date)
    plan = await plans.plan(session, area_id, date)
    if request is not None and request.wanted > request.done:
        why = f": {request.failure}" if request.failure else ""
        steps.append(RoomStep(at=request.first_at, what=f"waits for a plan of {area_id} on {date}{why}", waiting=True))
    elif request is not None and plan is not None:
        left_out = {entry.visit_id: entry for entry in PlanCommitted.model_validate(plan.body).unassigned}
        if entry := left_out.get(VisitId(row.visit_id)):
            what = f"has no nurse in the plan of {area_id} on {date}: {entry.explanation}"
            steps.append(RoomStep(at=request.last_at, what=what, waiting=True))
    return steps
