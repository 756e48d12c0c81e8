"""The routing room's SQL about its input: visits, places, shifts, what has begun, and requests for a plan."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store.models import BegunRow, PlaceRow, PlanRequestRow, ShiftRow, VisitRow
from shared.db.lease import is_gone
from shared.events.ids import AreaId, VisitId


@dataclass(frozen=True, slots=True)
class DayInput:
    """All that a day's plan is made from, as of one moment."""

    visits: Sequence[tuple[VisitRow, PlaceRow]]
    shifts: Sequence[ShiftRow]
    begun: Sequence[BegunRow]


async def visit(session: AsyncSession, visit_id: VisitId) -> VisitRow | None:
    """Return a visit."""
    return await session.get(VisitRow, visit_id)


async def place(session: AsyncSession, visit_id: VisitId) -> PlaceRow | None:
    """Return the place of a visit's newest known address."""
    return await session.get(PlaceRow, visit_id)


async def day_input(session: AsyncSession, area_id: AreaId, date: dt.date) -> DayInput:
    """Return the located visits of a day, its open shifts and what has begun; each in a fixed order.

    A cancelled visit counts only where the nurse was at the door already: she is there until she says it is over.
    """
    located = (
        select(VisitRow, PlaceRow)
        .join(PlaceRow, col(PlaceRow.visit_id) == col(VisitRow.visit_id))
        .outerjoin(BegunRow, col(BegunRow.visit_id) == col(VisitRow.visit_id))
        .where(
            VisitRow.area_id == area_id,
            VisitRow.planned_date == date,
            or_(col(VisitRow.cancelled).is_(False), col(BegunRow.arrived_at).is_not(None)),
            PlaceRow.address_version == VisitRow.address_version,
            col(PlaceRow.lat).is_not(None),
        )
        .order_by(col(VisitRow.visit_id))
    )
    shifts = (
        select(ShiftRow)
        .where(ShiftRow.area_id == area_id, ShiftRow.date == date, col(ShiftRow.body).is_not(None))
        .order_by(col(ShiftRow.shift_id))
    )
    begun = (
        select(BegunRow)
        .where(BegunRow.area_id == area_id, BegunRow.date == date)
        .order_by(col(BegunRow.en_route_at), col(BegunRow.visit_id))
    )
    return DayInput(
        (await session.exec(located)).all(), (await session.exec(shifts)).all(), (await session.exec(begun)).all()
    )


async def want_plan(
    session: AsyncSession, area_id: AreaId, date: dt.date, now: dt.datetime, *, thorough: bool = False
) -> None:
    """Note that a day's input changed, or that somebody wants the whole of it searched again."""
    request = await session.get(PlanRequestRow, (area_id, date))
    if request is None:
        request = PlanRequestRow(area_id=area_id, date=date, wanted=0, first_at=now, last_at=now)
        session.add(request)
    if request.wanted == request.done:
        request.first_at = now
    request.wanted += 1
    request.thorough |= thorough
    request.last_at = now
    request.failures = 0
    request.failure = None


async def request(session: AsyncSession, area_id: AreaId, date: dt.date) -> PlanRequestRow | None:
    """Return what is known of a day's planning."""
    return await session.get(PlanRequestRow, (area_id, date))


async def waiting_requests(session: AsyncSession, now: dt.datetime, asker: str) -> Sequence[PlanRequestRow]:
    """Return the days that want a plan and that no living worker but the asker holds, the longest waiting first."""
    query = (
        select(PlanRequestRow)
        .where(col(PlanRequestRow.wanted) > col(PlanRequestRow.done))
        .order_by(col(PlanRequestRow.first_at))
    )
    wanting = (await session.exec(query)).all()
    return [
        row
        for row in wanting
        if row.holder is None or row.until is None or row.until < now or row.holder == asker or is_gone(row.holder)
    ]


async def lease(session: AsyncSession, asked: PlanRequestRow, holder: str, until: dt.datetime) -> int | None:
    """Take a request from ``waiting_requests``; return the input version to answer, or None if another was faster."""
    statement = (
        update(PlanRequestRow)
        .where(
            col(PlanRequestRow.area_id) == asked.area_id,
            col(PlanRequestRow.date) == asked.date,
            col(PlanRequestRow.wanted) > col(PlanRequestRow.done),
            col(PlanRequestRow.holder).is_not_distinct_from(asked.holder),
        )
        .values(holder=holder, until=until)
        .returning(col(PlanRequestRow.wanted))
        .execution_options(synchronize_session=False)
    )
    wanted: int | None = await session.scalar(statement)
    return wanted


async def held(session: AsyncSession, area_id: AreaId, date: dt.date, holder: str) -> PlanRequestRow | None:
    """Return a request if this worker still holds it: a lease that was lost means the result comes too late."""
    row = await session.get(PlanRequestRow, (area_id, date))
    return row if row is not None and row.holder == holder else None
