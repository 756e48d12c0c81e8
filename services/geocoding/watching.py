"""What is told of this room to those who watch the system."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.geocoding.store.models import PlaceRow, PlaceStatus
from shared.observability.following import RoomStep

WAITS = {
    PlaceStatus.PENDING: "waits to be located",
    PlaceStatus.REVIEW: "waits for a dispatcher to say where the address lies ({reason})",
}


async def waits(session: AsyncSession, visits: Sequence[UUID]) -> list[RoomStep]:
    """Return which of these visits wait for a place."""
    rows = await session.exec(select(PlaceRow).where(col(PlaceRow.visit_id).in_(visits)))
    return [
        RoomStep(at=row.queued_at, what=WAITS[status].format(reason=row.reason), waiting=True)
        for row in rows
        if (status := PlaceStatus(row.status)) in WAITS
    ]
