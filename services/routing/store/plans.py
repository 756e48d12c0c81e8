"""The routing room's SQL about its output: plans and routes."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store.models import PlanRow, RouteRow
from shared.events.ids import AreaId, ShiftId


async def plan(session: AsyncSession, area_id: AreaId, date: dt.date) -> PlanRow | None:
    """Return the plan in force."""
    return await session.get(PlanRow, (area_id, date))


async def route_versions(session: AsyncSession, area_id: AreaId, date: dt.date) -> dict[ShiftId, int]:
    """Return for each route of the plan in force the plan version in which it last changed, by shift."""
    query = (
        select(RouteRow.shift_id, RouteRow.plan_version)
        .where(RouteRow.area_id == area_id, RouteRow.date == date)
        .order_by(col(RouteRow.shift_id))
    )
    return {ShiftId(shift_id): version for shift_id, version in await session.exec(query)}


async def routes(
    session: AsyncSession, area_id: AreaId, date: dt.date, shift_ids: Collection[UUID] | None = None
) -> Sequence[RouteRow]:
    """Return the routes of the plan in force, by shift; all of them, or some."""
    if shift_ids is not None and not shift_ids:
        return []
    query = select(RouteRow).where(RouteRow.area_id == area_id, RouteRow.date == date).order_by(col(RouteRow.shift_id))
    if shift_ids is not None:
        query = query.where(col(RouteRow.shift_id).in_(shift_ids))
    return (await session.exec(query)).all()


async def remove_routes(session: AsyncSession, area_id: AreaId, date: dt.date, shift_ids: Iterable[UUID]) -> None:
    """Delete routes of shifts that have none any more."""
    statement = delete(RouteRow).where(
        col(RouteRow.area_id) == area_id, col(RouteRow.date) == date, col(RouteRow.shift_id).in_(list(shift_ids))
    )
    await (await session.connection()).execute(statement)
