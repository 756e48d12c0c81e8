"""The routing room's SQL about its output: plans and routes."""

import datetime as dt
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store.models import PlanRow, RouteRow
from shared.events.ids import AreaId


async def plan(session: AsyncSession, area_id: AreaId, date: dt.date) -> PlanRow | None:
    """Return the plan in force."""
    return await session.get(PlanRow, (area_id, date))


async def routes(session: AsyncSession, area_id: AreaId, date: dt.date) -> Sequence[RouteRow]:
    """Return the routes of the plan in force, by shift."""
    query = select(RouteRow).where(RouteRow.area_id == area_id, RouteRow.date == date).order_by(col(RouteRow.shift_id))
    return (await session.exec(query)).all()


async def remove_routes(session: AsyncSession, area_id: AreaId, date: dt.date, shift_ids: Iterable[UUID]) -> None:
    """Delete routes of shifts that have none any more."""
    statement = delete(RouteRow).where(
        col(RouteRow.area_id) == area_id, col(RouteRow.date) == date, col(RouteRow.shift_id).in_(list(shift_ids))
    )
    await (await session.connection()).execute(statement)
