"""What the board does with each event: it keeps the newest word on each thing.

The planner's routes are not kept: the board shows what nurses were handed, which is what dispatch says.
"""

from services.board.domain.progress import Progress, Status
from services.board.store.models import PlaceRow, PlanRow, ProgressRow, RouteRow, ShiftRow, VisitRow
from services.board.store.queries import keep, progress_of
from shared.bus.handling import Deps, Handler
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested, VisitState
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    AssignmentWithdrawn,
    NurseArrived,
    NurseEnRoute,
    RouteDispatched,
    ShiftChanged,
    ShiftClosed,
    ShiftOpened,
    ShiftState,
    VisitAssigned,
    VisitCompleted,
    VisitMissed,
)
from shared.events.geocoding import PlaceResolved, PlaceUnresolved
from shared.events.registry import Event
from shared.events.routing import AreaDayEvent, PlanCommitted

ACTS: dict[type[ActEvent], Status] = {
    AssignmentAccepted: Status.ACCEPTED,
    NurseEnRoute: Status.EN_ROUTE,
    NurseArrived: Status.ARRIVED,
    VisitCompleted: Status.DONE,
    VisitMissed: Status.MISSED,
}


async def on_visit(event: VisitState, deps: Deps[None]) -> None:
    """Keep a requested or changed visit."""
    row = VisitRow(
        visit_id=event.visit_id,
        area_id=event.area_id,
        version=event.aggregate_version,
        first_start=min(window.start for window in event.windows),
        last_end=max(window.end for window in event.windows),
        body=event.model_dump_json(),
    )
    await keep(deps.session, event.area_id, row)


async def on_visit_cancelled(event: VisitCancelled, deps: Deps[None]) -> None:
    """Forget what a cancelled visit was, but not that it is cancelled."""
    row = VisitRow(visit_id=event.visit_id, area_id=event.area_id, version=event.aggregate_version, cancelled=True)
    await keep(deps.session, event.area_id, row)


async def on_place(event: PlaceResolved | PlaceUnresolved, deps: Deps[None]) -> None:
    """Keep where a visit's address lies, or that it is not known."""
    row = PlaceRow(
        visit_id=event.visit_id,
        version=event.aggregate_version,
        resolved=isinstance(event, PlaceResolved),
        body=event.model_dump_json(),
    )
    await keep(deps.session, event.area_id, row)


async def on_shift(event: ShiftState, deps: Deps[None]) -> None:
    """Keep an opened or changed shift."""
    row = ShiftRow(
        shift_id=event.shift_id,
        area_id=event.area_id,
        date=event.date,
        version=event.aggregate_version,
        body=event.model_dump_json(),
    )
    await keep(deps.session, event.area_id, row)


async def on_shift_closed(event: ShiftClosed, deps: Deps[None]) -> None:
    """Keep that a shift is not worked."""
    row = ShiftRow(
        shift_id=event.shift_id,
        area_id=event.area_id,
        date=event.date,
        version=event.aggregate_version,
        closed=True,
    )
    await keep(deps.session, event.area_id, row)


async def on_plan_committed(event: PlanCommitted, deps: Deps[None]) -> None:
    """Keep the newest plan: who is left out, and why."""
    row = PlanRow(area_id=event.area_id, date=event.date, version=event.aggregate_version, body=event.model_dump_json())
    await keep(deps.session, event.area_id, row)


async def on_route_dispatched(event: RouteDispatched, deps: Deps[None]) -> None:
    """Keep the route a nurse now has."""
    row = RouteRow(
        shift_id=event.route.shift_id,
        area_id=event.area_id,
        date=event.date,
        version=event.aggregate_version,
        body=event.model_dump_json(),
    )
    await keep(deps.session, event.area_id, row)


async def on_visit_assigned(event: VisitAssigned, deps: Deps[None]) -> None:
    """Keep who has a visit."""
    assigned = Progress(
        visit_id=event.visit_id, shift_id=event.shift_id, nurse_id=event.nurse_id, status=Status.PLANNED
    )
    known = await progress_of(deps.session, event.area_id, event.date, event.visit_id)
    await _keep_progress(event, known.replaced(assigned) if known else assigned, deps)


async def on_assignment_withdrawn(event: AssignmentWithdrawn, deps: Deps[None]) -> None:
    """Keep that a nurse no longer has a visit; another nurse may have it already."""
    known = await progress_of(deps.session, event.area_id, event.date, event.visit_id)
    if known and (known.shift_id, known.nurse_id) != (event.shift_id, event.nurse_id):
        return
    withdrawn = Progress(
        visit_id=event.visit_id, shift_id=event.shift_id, nurse_id=event.nurse_id, status=Status.WITHDRAWN
    )
    await _keep_progress(event, withdrawn, deps)


async def on_act(event: ActEvent, deps: Deps[None]) -> None:
    """Keep what a nurse did."""
    done = Progress(
        visit_id=event.visit_id,
        shift_id=event.shift_id,
        nurse_id=event.nurse_id,
        status=ACTS[type(event)],
        at=event.at,
        reason=event.reason if isinstance(event, VisitMissed) else None,
    )
    await _keep_progress(event, done, deps)


async def _keep_progress(event: AreaDayEvent, progress: Progress, deps: Deps[None]) -> None:
    row = ProgressRow(
        area_id=event.area_id,
        date=event.date,
        visit_id=progress.visit_id,
        version=event.aggregate_version,
        status=progress.status.value,
        body=progress.model_dump_json(),
    )
    await keep(deps.session, event.area_id, row)


HANDLERS: dict[type[Event], Handler] = {
    VisitRequested: on_visit,
    VisitChanged: on_visit,
    VisitCancelled: on_visit_cancelled,
    PlaceResolved: on_place,
    PlaceUnresolved: on_place,
    PlanCommitted: on_plan_committed,
    ShiftOpened: on_shift,
    ShiftChanged: on_shift,
    ShiftClosed: on_shift_closed,
    RouteDispatched: on_route_dispatched,
    VisitAssigned: on_visit_assigned,
    AssignmentWithdrawn: on_assignment_withdrawn,
    **dict.fromkeys(ACTS, on_act),
}
