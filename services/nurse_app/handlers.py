"""What the nurses' pages do with each event: they keep the newest word on each thing."""

from services.nurse_app.domain.standing import Standing, Status
from services.nurse_app.store.models import RouteRow, StandingRow, VisitRow
from services.nurse_app.store.queries import keep, nurses_of, standing_of
from shared.bus.handling import Deps, Handler
from shared.clock import utc_now
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested, VisitState
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    AssignmentWithdrawn,
    NurseArrived,
    NurseEnRoute,
    RouteDispatched,
    VisitAssigned,
    VisitCompleted,
    VisitMissed,
)
from shared.events.registry import Event
from shared.events.routing import AreaDayEvent
from shared.observability.metrics import Stage, reached

ACTS: dict[type[ActEvent], Status] = {
    AssignmentAccepted: Status.ACCEPTED,
    NurseEnRoute: Status.EN_ROUTE,
    NurseArrived: Status.ARRIVED,
    VisitCompleted: Status.DONE,
    VisitMissed: Status.MISSED,
}


async def on_visit(event: VisitState, deps: Deps[None]) -> None:
    """Keep a requested or changed visit."""
    row = VisitRow(visit_id=event.visit_id, version=event.aggregate_version, body=event.model_dump_json())
    await keep(deps.session, row, await nurses_of(deps.session, event.visit_id))


async def on_visit_cancelled(event: VisitCancelled, deps: Deps[None]) -> None:
    """Forget what a cancelled visit was, but not that it is cancelled."""
    row = VisitRow(visit_id=event.visit_id, version=event.aggregate_version, cancelled=True)
    await keep(deps.session, row, await nurses_of(deps.session, event.visit_id))


async def on_route_dispatched(event: RouteDispatched, deps: Deps[None]) -> None:
    """Keep the route a nurse now has."""
    row = RouteRow(
        shift_id=event.route.shift_id,
        nurse_id=event.route.nurse_id,
        area_id=event.area_id,
        date=event.date,
        version=event.aggregate_version,
        body=event.model_dump_json(),
    )
    await keep(deps.session, row, [event.route.nurse_id])


async def on_visit_assigned(event: VisitAssigned, deps: Deps[None]) -> None:
    """Keep whose a visit is."""
    assigned = Standing(
        visit_id=event.visit_id, shift_id=event.shift_id, nurse_id=event.nurse_id, status=Status.PLANNED
    )
    known = await standing_of(deps.session, event.area_id, event.date, event.visit_id)
    await _keep_standing(event, known, known.replaced(assigned) if known else assigned, deps)
    if known is None:
        reached(Stage.ON_PHONE, deps.envelope.cause, utc_now())


async def on_assignment_withdrawn(event: AssignmentWithdrawn, deps: Deps[None]) -> None:
    """Keep that a nurse no longer has a visit; another nurse may have it already."""
    known = await standing_of(deps.session, event.area_id, event.date, event.visit_id)
    if known and (known.shift_id, known.nurse_id) != (event.shift_id, event.nurse_id):
        return
    withdrawn = Standing(
        visit_id=event.visit_id, shift_id=event.shift_id, nurse_id=event.nurse_id, status=Status.WITHDRAWN
    )
    await _keep_standing(event, known, withdrawn, deps)


async def on_act(event: ActEvent, deps: Deps[None]) -> None:
    """Keep what a nurse did."""
    known = await standing_of(deps.session, event.area_id, event.date, event.visit_id)
    done = Standing(
        visit_id=event.visit_id,
        shift_id=event.shift_id,
        nurse_id=event.nurse_id,
        status=ACTS[type(event)],
        at=event.at,
        reason=event.reason if isinstance(event, VisitMissed) else None,
    )
    await _keep_standing(event, known, done, deps)


async def _keep_standing(event: AreaDayEvent, known: Standing | None, standing: Standing, deps: Deps[None]) -> None:
    row = StandingRow(
        area_id=event.area_id,
        date=event.date,
        visit_id=standing.visit_id,
        nurse_id=standing.nurse_id,
        version=event.aggregate_version,
        body=standing.model_dump_json(),
    )
    await keep(deps.session, row, [standing.nurse_id, *([known.nurse_id] if known else [])])


HANDLERS: dict[type[Event], Handler] = {
    VisitRequested: on_visit,
    VisitChanged: on_visit,
    VisitCancelled: on_visit_cancelled,
    RouteDispatched: on_route_dispatched,
    VisitAssigned: on_visit_assigned,
    AssignmentWithdrawn: on_assignment_withdrawn,
    **dict.fromkeys(ACTS, on_act),
}
