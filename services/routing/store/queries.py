"""The routing room's SQL about its input: visits, places, shifts, and what has begun."""

import datetime as dt
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store.models import BegunRow, PlaceRow, ShiftRow, VisitRow
from shared.events.ids import AreaId, VisitId

_FORERUN = text(
    "INSERT INTO visit (visit_id, version, area_id, address_version, body, cancelled)"
    " VALUES (:visit_id, 0, '', 0, '{}', false) ON CONFLICT DO NOTHING"
).bindparams(bindparam("visit_id", type_=Uuid()))


async def visit(session: AsyncSession, visit_id: VisitId) -> VisitRow | None:
    """Return a visit."""
    return await session.get(VisitRow, visit_id)


async def lock_visit(session: AsyncSession, visit_id: VisitId) -> VisitRow:
    """Return a visit, locked until the transaction ends; its forerunner is made if it is not there.

    The visit and its place may reach two processes at the same moment. Neither would see the other's row, and the
    visit would be in no plan; so both take this lock first.
    """
    row = await session.get(VisitRow, visit_id, with_for_update=True)
    if row is None:
        await (await session.connection()).execute(_FORERUN, {"visit_id": visit_id})
        row = await session.get_one(VisitRow, visit_id, with_for_update=True)
    return row


async def lock_visits(session: AsyncSession, visit_ids: Collection[UUID]) -> Sequence[VisitRow]:
    """Return those of some visits that are known, locked until the transaction ends; everybody locks in one order."""
    query = select(VisitRow).where(col(VisitRow.visit_id).in_(visit_ids)).order_by(col(VisitRow.visit_id))
    return (await session.exec(query.with_for_update())).all()


async def place(session: AsyncSession, visit_id: VisitId) -> PlaceRow | None:
    """Return the place of a visit's newest known address."""
    return await session.get(PlaceRow, visit_id)


async def visit_versions(session: AsyncSession, area_id: AreaId, date: dt.date) -> Sequence[tuple[UUID, int, int]]:
    """Return id, version and the place's version of each located visit of a day, in a fixed order.

    A cancelled visit counts only where the nurse was at the door already: she is there until she says it is over.
    """
    query = (
        select(VisitRow.visit_id, VisitRow.version, PlaceRow.version)
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
    return (await session.exec(query)).all()


async def located_visits(session: AsyncSession, visit_ids: Collection[UUID]) -> Sequence[tuple[VisitRow, PlaceRow]]:
    """Return visits with their places."""
    if not visit_ids:
        return []
    query = (
        select(VisitRow, PlaceRow)
        .join(PlaceRow, col(PlaceRow.visit_id) == col(VisitRow.visit_id))
        .where(col(VisitRow.visit_id).in_(visit_ids))
    )
    return (await session.exec(query)).all()


async def shift_versions(session: AsyncSession, area_id: AreaId, date: dt.date) -> Sequence[tuple[UUID, int]]:
    """Return id and version of each shift of a day that is worked, in a fixed order."""
    query = (
        select(ShiftRow.shift_id, ShiftRow.version)
        .where(ShiftRow.area_id == area_id, ShiftRow.date == date, col(ShiftRow.body).is_not(None))
        .order_by(col(ShiftRow.shift_id))
    )
    return (await session.exec(query)).all()


async def shifts(session: AsyncSession, shift_ids: Collection[UUID]) -> Sequence[ShiftRow]:
    """Return shifts."""
    if not shift_ids:
        return []
    return (await session.exec(select(ShiftRow).where(col(ShiftRow.shift_id).in_(shift_ids)))).all()


async def begun(session: AsyncSession, area_id: AreaId, date: dt.date) -> Sequence[BegunRow]:
    """Return what has begun on a day, in the order in which it began."""
    query = (
        select(BegunRow)
        .where(BegunRow.area_id == area_id, BegunRow.date == date)
        .order_by(col(BegunRow.en_route_at), col(BegunRow.visit_id))
    )
    return (await session.exec(query)).all()


async def carried_from(session: AsyncSession, area_id: AreaId, date: dt.date) -> Sequence[VisitRow]:
    """Return the visits that a day had no room for and that wait on a later one, locked."""
    query = (
        select(VisitRow)
        .where(VisitRow.area_id == area_id, VisitRow.carried_from == date, col(VisitRow.cancelled).is_(False))
        .order_by(col(VisitRow.visit_id))
        .with_for_update()
    )
    return (await session.exec(query)).all()
