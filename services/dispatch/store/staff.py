"""Nurses and their shifts in the database."""

import datetime as dt
from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.dispatch.store.models import NurseRow, ShiftRow
from shared.events.ids import AreaId, NurseId, NurseRef, ShiftId


async def nurses(session: AsyncSession, nurse_ref: NurseRef | None = None) -> Sequence[NurseRow]:
    """Return every nurse, or the one with this staff code, by staff code."""
    query = select(NurseRow).order_by(NurseRow.nurse_ref)
    if nurse_ref is not None:
        query = query.where(NurseRow.nurse_ref == nurse_ref)
    return (await session.exec(query)).all()


async def lock_nurse(session: AsyncSession, nurse_id: NurseId) -> NurseRow | None:
    """Return a nurse, locked until the transaction ends: one change of her shifts at a time."""
    return await session.get(NurseRow, nurse_id, with_for_update=True)


async def shifts_with_nurses(
    session: AsyncSession,
    *,
    area_id: AreaId | None = None,
    date: dt.date | None = None,
    nurse_id: NurseId | None = None,
) -> Sequence[tuple[ShiftRow, NurseRow]]:
    """Return shifts with their nurses, by start; each argument that is given narrows them down."""
    query = select(ShiftRow, NurseRow).join(NurseRow, col(NurseRow.nurse_id) == col(ShiftRow.nurse_id))
    if area_id is not None:
        query = query.where(ShiftRow.area_id == area_id)
    if date is not None:
        query = query.where(ShiftRow.date == date)
    if nurse_id is not None:
        query = query.where(ShiftRow.nurse_id == nurse_id)
    query = query.order_by(col(ShiftRow.starts_at), col(NurseRow.nurse_ref))
    return [(shift, nurse) for shift, nurse in await session.exec(query)]


async def lock_shift(session: AsyncSession, shift_id: ShiftId) -> tuple[ShiftRow, NurseRow] | None:
    """Return a shift and its nurse, the nurse locked."""
    shift = await session.get(ShiftRow, shift_id)
    if shift is None:
        return None
    nurse = await session.get_one(NurseRow, shift.nurse_id, with_for_update=True)
    return shift, nurse


async def open_shifts_until(session: AsyncSession, nurse_id: NurseId, since: dt.datetime) -> Sequence[ShiftRow]:
    """Return a nurse's open shifts that end after an instant."""
    query = (
        select(ShiftRow)
        .where(ShiftRow.nurse_id == nurse_id, col(ShiftRow.closed).is_(False), ShiftRow.ends_at > since)
        .order_by(col(ShiftRow.starts_at))
    )
    return (await session.exec(query)).all()


async def overlapping(
    session: AsyncSession, nurse_id: NurseId, start: dt.datetime, end: dt.datetime, but: ShiftId | None = None
) -> ShiftRow | None:
    """Return an open shift of the nurse that shares time with an interval, other than the one named."""
    query = select(ShiftRow).where(
        ShiftRow.nurse_id == nurse_id,
        col(ShiftRow.closed).is_(False),
        ShiftRow.starts_at < end,
        ShiftRow.ends_at > start,
    )
    if but is not None:
        query = query.where(ShiftRow.shift_id != but)
    return (await session.exec(query.order_by(col(ShiftRow.starts_at)))).first()
