"""The geocoding room's SQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.geocoding.store.models import PlaceRow, PlaceStatus
from shared.events.ids import AreaId, VisitId


async def place(session: AsyncSession, visit_id: VisitId) -> PlaceRow | None:
    """Return the place of a visit, locked until the transaction ends: who reads it is about to change it."""
    return await session.get(PlaceRow, visit_id, with_for_update=True)


async def pending(session: AsyncSession, limit: int, areas: Sequence[AreaId]) -> Sequence[PlaceRow]:
    """Return the addresses that wait to be located, in the order they came; only those of areas that are built."""
    query = (
        select(PlaceRow)
        .where(PlaceRow.status == PlaceStatus.PENDING, col(PlaceRow.area_id).in_(areas))
        .order_by(col(PlaceRow.queued_at), col(PlaceRow.visit_id))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def in_review(session: AsyncSession, area_id: AreaId, after: UUID | None, limit: int) -> Sequence[PlaceRow]:
    """Return places that a person must settle, after a visit id, in the order of ids (which is that of time)."""
    query = (
        select(PlaceRow)
        .where(PlaceRow.status == PlaceStatus.REVIEW, PlaceRow.area_id == area_id)
        .order_by(col(PlaceRow.visit_id))
        .limit(limit)
    )
    if after is not None:
        query = query.where(col(PlaceRow.visit_id) > after)
    return (await session.exec(query)).all()
