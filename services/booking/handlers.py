"""What the booking room listens to: requests, where addresses lie, what plans say, what nurses do."""

from collections.abc import Callable, Mapping
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.deps import BookingState
from services.booking.domain.progress import Assignment, DayFacts, Step, assigned, stepped, withdrawn
from services.booking.intake.over_the_bus import on_booking_requested
from services.booking.store import queries
from services.booking.store.models import VisitDayRow, VisitRow
from services.booking.store.visits import facts_of, put_facts, put_status
from shared.bus.handling import Deps, Handler
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    AssignmentWithdrawn,
    NurseArrived,
    NurseEnRoute,
    VisitAssigned,
    VisitCompleted,
    VisitMissed,
)
from shared.events.geocoding import PlaceResolved, PlaceUnresolved
from shared.events.intake import BookingRequested
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, Unassigned

type Fold = Callable[[DayFacts], DayFacts]

STEPS: Mapping[type[ActEvent], Step] = {
    AssignmentAccepted: Step.ACCEPTED,
    NurseEnRoute: Step.EN_ROUTE,
    NurseArrived: Step.ARRIVED,
    VisitCompleted: Step.DONE,
    VisitMissed: Step.MISSED,
}


async def on_place(event: PlaceResolved | PlaceUnresolved, deps: Deps[BookingState]) -> None:
    """The address was found, or needs a dispatcher; an answer about an earlier address is none about this one."""
    visit = await queries.lock_visit(deps.session, event.visit_id)
    if visit is None or event.aggregate_version <= visit.place_seen:
        return
    visit.place_seen = event.aggregate_version
    if event.address_version != visit.address_version:
        return
    unresolved = isinstance(event, PlaceUnresolved)
    visit.place = "unresolved" if unresolved else "resolved"
    visit.place_reason = event.reason if isinstance(event, PlaceUnresolved) else None
    await _restate(deps.session, visit)


async def on_plan_committed(event: PlanCommitted, deps: Deps[BookingState]) -> None:
    """The plan names the visits it leaves out, with reasons; those it left out before and takes now have none."""
    if not await queries.advance_plan(deps.session, event.area_id, event.date, event.aggregate_version):
        return
    reasons: dict[UUID, Unassigned] = {entry.visit_id: entry for entry in event.unassigned}
    await queries.forget_left_out(deps.session, event.area_id, event.date)
    for day in await queries.days_on(deps.session, event.date, list(reasons)):
        day.left_out = reasons[day.visit_id].reason
        day.explanation = reasons[day.visit_id].explanation


async def on_visit_assigned(event: VisitAssigned, deps: Deps[BookingState]) -> None:
    """The visit has a nurse and a time."""
    assignment = Assignment.model_validate(event, from_attributes=True)
    await _fold(deps, event, event.visit_id, lambda facts: assigned(facts, event.aggregate_version, assignment))


async def on_assignment_withdrawn(event: AssignmentWithdrawn, deps: Deps[BookingState]) -> None:
    """The visit has lost its nurse."""
    await _fold(deps, event, event.visit_id, lambda facts: withdrawn(facts, event.aggregate_version, event.shift_id))


async def on_act(event: ActEvent, deps: Deps[BookingState]) -> None:
    """The nurse has come a step further with the visit."""
    reason = event.reason if isinstance(event, VisitMissed) else None
    step = STEPS[type(event)]
    await _fold(
        deps, event, event.visit_id, lambda facts: stepped(facts, event.aggregate_version, step, event.at, reason)
    )


async def _fold(
    deps: Deps[BookingState], event: VisitAssigned | AssignmentWithdrawn | ActEvent, visit_id: UUID, fold: Fold
) -> None:
    """Bring what is known of a visit's day up to an event, unless it is known already."""
    visit = await queries.lock_visit(deps.session, visit_id)
    if visit is None:
        return
    days = (await queries.days_of(deps.session, visit_id))[visit_id]
    day = next((day for day in days if day.date == event.date), None)
    if day is None:
        day = VisitDayRow(visit_id=visit_id, date=event.date)
        deps.session.add(day)
        days.append(day)
    if event.aggregate_version > day.seen:
        put_facts(day, fold(facts_of(day)))
        put_status(visit, days)


async def _restate(session: AsyncSession, visit: VisitRow) -> None:
    put_status(visit, (await queries.days_of(session, visit.visit_id))[visit.visit_id])


HANDLERS: Mapping[type[Event], Handler] = {
    PlaceResolved: on_place,
    PlaceUnresolved: on_place,
    PlanCommitted: on_plan_committed,
    VisitAssigned: on_visit_assigned,
    AssignmentWithdrawn: on_assignment_withdrawn,
    **dict.fromkeys(STEPS, on_act),
    BookingRequested: on_booking_requested,
}
