"""Reading the live day: the rows of one area's date as the domain sees them."""

import datetime as dt
from collections.abc import Collection, Sequence
from functools import lru_cache
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.dispatch.domain.day import UNDER_WAY, Assignment, Day, Progress
from services.dispatch.domain.plans import Plan
from services.dispatch.store.models import ActRow, AssignmentRow, CancelledRow, DayRow, RouteRow, ShiftRow
from shared.errors import PoisonError
from shared.events.ids import AreaId, EventId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.routing import PlanCommitted, Route

WITHDRAWN = Progress.WITHDRAWN.value
REMEMBERED_ROUTES = 2_000
"""Read routes kept in memory, some 10 kB each: those handed out and those planned, of a dozen days."""


async def lock_day(session: AsyncSession, area_id: str, date: dt.date) -> DayRow:
    """Return a day's row, locked until the transaction ends; made if it is not there."""
    row = await session.get(DayRow, (area_id, date), with_for_update=True)
    if row is None:
        row = DayRow(area_id=area_id, date=date)
        session.add(row)
        await session.flush()
    return row


async def load_day(session: AsyncSession, row: DayRow, visits: Collection[VisitId] = ()) -> Day:
    """Return a locked day.

    Args:
        session: the writing transaction.
        row: from ``lock_day``.
        visits: those that may come to the day: their assignments on other days and their cancellations are read too.
    """
    here = (col(AssignmentRow.area_id) == row.area_id) & (col(AssignmentRow.date) == row.date)
    query = (
        select(AssignmentRow)
        .where(or_(here, col(AssignmentRow.visit_id).in_(visits)), col(AssignmentRow.progress) != WITHDRAWN)
        .execution_options(populate_existing=True)
    )
    elsewhere: dict[tuple[AreaId, dt.date], int] = {}
    while True:
        standing = [_assignment(found) for found in await session.exec(query)]
        others = {(one.area_id, one.date) for one in standing} - {(AreaId(row.area_id), row.date)} - elsewhere.keys()
        if not others:
            break
        for key in sorted(others):  # what stands on another day counts as of when that day is locked too
            elsewhere[key] = (await lock_day(session, *key)).plan_version
    known = {*visits, *(assignment.visit_id for assignment in standing)}
    return Day(
        area_id=AreaId(row.area_id),
        date=row.date,
        plan_version=row.plan_version,
        open_shifts=await _open_shifts(session, row),
        routes=await _given_routes(session, row),
        assignments={assignment.visit_id: assignment for assignment in standing},
        cancelled=await _cancelled(session, known),
        disputed=frozenset(VisitId(UUID(visit_id)) for visit_id in row.disputed),
        elsewhere=elsewhere,
    )


async def load_plan(session: AsyncSession, event: PlanCommitted) -> Plan:
    """Return a committed plan with its routes, which were said before it.

    Raises:
        PoisonError: a route of it never came, or the plan has a visit twice.
    """
    query = select(RouteRow).where(RouteRow.area_id == event.area_id, RouteRow.date == event.date)
    rows = {row.shift_id: row for row in await session.exec(query)}
    routes = []
    for ref in event.routes:
        row = rows.get(ref.shift_id)
        if row is None or row.planned_version != ref.plan_version:
            raise PoisonError(
                f"Plan version {event.plan_version} of {event.key()} names the route of shift {ref.shift_id} "
                f"in version {ref.plan_version}, which was never said. Ask routing to plan the day again."
            )
        routes.append(_route(row.planned))
    return Plan(event.plan_version, tuple(routes))


async def standing_assignment(session: AsyncSession, visit_id: VisitId) -> Assignment | None:
    """Return the standing assignment of a visit, if it has one."""
    query = (
        select(AssignmentRow)
        .where(AssignmentRow.visit_id == visit_id, col(AssignmentRow.progress) != WITHDRAWN)
        .execution_options(populate_existing=True)
    )
    row = (await session.exec(query)).first()
    return _assignment(row) if row else None


async def lock_standing(session: AsyncSession, visit_id: VisitId) -> Assignment | None:
    """Return the standing assignment of a visit, if it has one, with its day locked."""
    day: tuple[AreaId, dt.date] | None = None
    while (standing := await standing_assignment(session, visit_id)) and (standing.area_id, standing.date) != day:
        day = standing.area_id, standing.date  # a plan may move it, even to another day, while we wait
        await lock_day(session, *day)
    return standing


async def was_ever_assigned(session: AsyncSession, visit_id: VisitId) -> bool:
    """Tell whether the visit has, or had, a nurse."""
    query = select(AssignmentRow.visit_id).where(AssignmentRow.visit_id == visit_id).limit(1)
    return (await session.exec(query)).first() is not None


async def under_way(session: AsyncSession, shift_id: ShiftId) -> Assignment | None:
    """Return the visit a nurse is on the road to or at in a shift, if any; one she forgot yesterday does not count."""
    query = select(AssignmentRow).where(
        AssignmentRow.shift_id == shift_id, col(AssignmentRow.progress).in_([p.value for p in UNDER_WAY])
    )
    row = (await session.exec(query)).first()
    return _assignment(row) if row else None


async def assignments_of_day(session: AsyncSession, area_id: AreaId, date: dt.date) -> Sequence[Assignment]:
    """Return the standing assignments of a day by nurse and planned time."""
    query = (
        select(AssignmentRow)
        .where(AssignmentRow.area_id == area_id, AssignmentRow.date == date, col(AssignmentRow.progress) != WITHDRAWN)
        .order_by(AssignmentRow.nurse_ref, col(AssignmentRow.starts_at), col(AssignmentRow.visit_id))
    )
    return [_assignment(row) for row in await session.exec(query)]


async def plan_version(session: AsyncSession, area_id: AreaId, date: dt.date) -> int:
    """Return the version of the plan in force; 0 before the first."""
    row = await session.get(DayRow, (area_id, date))
    return row.plan_version if row else 0


async def earlier_act(session: AsyncSession, act_id: EventId) -> ActRow | None:
    """Return an act that came before under this id."""
    return await session.get(ActRow, act_id)


async def _open_shifts(session: AsyncSession, row: DayRow) -> frozenset[ShiftId]:
    query = select(ShiftRow.shift_id).where(
        ShiftRow.area_id == row.area_id, ShiftRow.date == row.date, col(ShiftRow.closed).is_(False)
    )
    return frozenset(ShiftId(shift_id) for shift_id in await session.exec(query))


async def _given_routes(session: AsyncSession, row: DayRow) -> dict[ShiftId, Route]:
    query = select(RouteRow).where(
        RouteRow.area_id == row.area_id, RouteRow.date == row.date, col(RouteRow.given).is_not(None)
    )
    return {
        ShiftId(route.shift_id): _route(route.given) for route in await session.exec(query) if route.given is not None
    }


async def _cancelled(session: AsyncSession, visits: Collection[VisitId]) -> frozenset[VisitId]:
    query = select(CancelledRow.visit_id).where(col(CancelledRow.visit_id).in_(visits))
    return frozenset(VisitId(visit_id) for visit_id in await session.exec(query))


@lru_cache(maxsize=REMEMBERED_ROUTES)
def _route(body: str) -> Route:
    """Read a route; most of a plan's are those of the plan before."""
    return Route.model_validate_json(body)


def _assignment(row: AssignmentRow) -> Assignment:
    return Assignment(
        visit_id=VisitId(row.visit_id),
        shift_id=ShiftId(row.shift_id),
        nurse_id=NurseId(row.nurse_id),
        nurse_ref=NurseRef(row.nurse_ref),
        area_id=AreaId(row.area_id),
        date=row.date,
        arrival=row.arrival,
        start=row.starts_at,
        end=row.ends_at,
        progress=Progress(row.progress),
        accepted_at=row.accepted_at,
        en_route_at=row.en_route_at,
        arrived_at=row.arrived_at,
        done_at=row.done_at,
        missed_at=row.missed_at,
        miss_reason=row.miss_reason,
    )
