"""What the visits of a day follow from: their bookings, whose traces go on with what is said of them here."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.dispatch.store.models import VisitRow
from shared.events.dispatch import ActEvent, AssignmentWithdrawn, VisitAssigned
from shared.events.ids import VisitId
from shared.events.registry import Event
from shared.events.values import Cause
from shared.observability.metrics import Stage, reached
from shared.observability.tracing import present_cause, span

type CauseOf = Callable[[Event], Cause | None]


async def keep_causes(session: AsyncSession, causes: Mapping[VisitId, Cause]) -> None:
    """Keep what planned visits follow from; the newest word holds."""
    known = await _rows(session, causes)
    for visit_id, cause in causes.items():
        row = known.get(visit_id)
        if row is None:
            session.add(VisitRow(visit_id=visit_id, cause=cause))
        else:
            row.cause = cause


async def follow(session: AsyncSession, events: Iterable[Event], now: dt.datetime) -> CauseOf:
    """Return what each event about a visit follows from; a first assignment is a step of its booking's trace."""
    plan = present_cause()
    known = await _rows(session, _visits(events))
    for event in events:
        row = known.get(event.visit_id) if isinstance(event, VisitAssigned) else None
        if row is not None and row.assigned_at is None:
            with span("dispatch assigns visit", row.cause, links=[plan], rounds_room="dispatch"):
                row.cause, row.assigned_at = present_cause(), now
            reached(Stage.ASSIGNED, row.cause, now)
    return _looked_up({visit_id: row.cause for visit_id, row in known.items()})


async def correlated(session: AsyncSession, events: Iterable[Event]) -> CauseOf:
    """Return the same for what somebody does by a command: it belongs to the booking, in the command's own trace."""
    trace = present_cause().traceparent
    known = await _rows(session, _visits(events))
    return _looked_up(
        {visit_id: Cause(correlation_id=row.cause.correlation_id, traceparent=trace) for visit_id, row in known.items()}
    )


async def _rows(session: AsyncSession, visits: Iterable[VisitId]) -> dict[VisitId, VisitRow]:
    rows = await session.exec(select(VisitRow).where(col(VisitRow.visit_id).in_(list(visits))))
    return {VisitId(row.visit_id): row for row in rows}


def _visits(events: Iterable[Event]) -> set[VisitId]:
    return {event.visit_id for event in events if isinstance(event, VisitAssigned | AssignmentWithdrawn | ActEvent)}


def _looked_up(causes: Mapping[VisitId, Cause]) -> CauseOf:
    def cause_of(event: Event) -> Cause | None:
        if isinstance(event, VisitAssigned | AssignmentWithdrawn | ActEvent):
            return causes.get(event.visit_id)
        return None

    return cause_of
