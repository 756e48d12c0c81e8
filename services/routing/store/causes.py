"""What the visits of a plan follow from: their bookings, whose traces go on with the routes they stand on."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy.orm import load_only
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store.models import VisitRow
from shared.events.ids import VisitId
from shared.events.routing import Route
from shared.events.values import Cause
from shared.observability.metrics import Stage, reached
from shared.observability.tracing import link_present, present_cause, span

NANOSECONDS = 1_000_000_000


async def planned_causes(
    session: AsyncSession, routes: Iterable[Route], began: dt.datetime, now: dt.datetime
) -> dict[VisitId, Cause]:
    """Return what the visits of new routes follow from.

    The first plan that has a visit is a step of its booking's trace, and the job's own span is linked to it.

    Args:
        session: the transaction that saves the plan.
        routes: those that are new or changed.
        began: when the plan's job began.
        now: when the plan is saved.
    """
    job, causes = present_cause(), {}
    visits = [stop.visit_id for route in routes for stop in route.stops if stop.visit_id]
    query = (
        select(VisitRow)
        .options(load_only(VisitRow.cause, VisitRow.planned_at))  # type: ignore[arg-type] # SQLModel types them as values
        .where(col(VisitRow.visit_id).in_(visits))
    )
    for row in await session.exec(query):
        if row.cause is None:
            continue
        if row.planned_at is None:
            since = int(began.timestamp() * NANOSECONDS)
            with span("routing plans visit", row.cause, links=[job], start_time=since, rounds_room="routing"):
                row.cause, row.planned_at = present_cause(), now
            link_present(row.cause)
            reached(Stage.PLANNED, row.cause, now)
        causes[VisitId(row.visit_id)] = row.cause
    return causes
