"""What the dispatch room does with what it hears: plans are kept until they are complete, then applied at once."""

from collections.abc import Mapping

from services.dispatch.deps import DispatchState
from services.dispatch.domain.plans import apply_plan
from services.dispatch.domain.withdrawals import cancel_visit
from services.dispatch.store.causes import follow, keep_causes
from services.dispatch.store.days import load_day, load_plan, lock_day, lock_standing
from services.dispatch.store.writing import keep_planned, note_cancelled, write
from shared.bus.handling import Deps, Handler
from shared.db.turns import take_turn
from shared.events.booking import VisitCancelled
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, RoutePlanned

HANDING_OUT = "handing out"
"""A cancellation finds no assignment that a plan is writing at the same moment, nor the plan the cancellation: so the
plans of many days are applied together, and cancellations between them."""

type DispatchDeps = Deps[DispatchState]


async def on_route_planned(event: RoutePlanned, deps: DispatchDeps) -> None:
    """Keep the route; nothing is handed out before its plan is complete."""
    await keep_planned(deps.session, event)
    await keep_causes(deps.session, event.causes)


async def on_plan_committed(event: PlanCommitted, deps: DispatchDeps) -> None:
    """Hand the plan out as far as it differs from what was handed out; a superseded one changes nothing."""
    await take_turn(deps.session, HANDING_OUT, together=True)
    row = await lock_day(deps.session, event.area_id, event.date)
    if event.plan_version <= row.plan_version:
        return
    plan = await load_plan(deps.session, event)
    visits = {stop.visit_id for route in plan.routes for stop in route.stops if stop.visit_id}
    decision = apply_plan(await load_day(deps.session, row, visits), plan, deps.room.settings.retimed)
    said = await write(deps.session, decision.events)
    await deps.emit(*said, cause_of=await follow(deps.session, said, deps.room.clock()))
    row.plan_version = event.plan_version
    row.disputed = sorted(str(visit_id) for visit_id in decision.disputed)


async def on_visit_cancelled(event: VisitCancelled, deps: DispatchDeps) -> None:
    """Never hand the visit out again, and take it back if a nurse has it."""
    await take_turn(deps.session, HANDING_OUT)
    await note_cancelled(deps.session, event.visit_id, deps.room.clock())
    standing = await lock_standing(deps.session, event.visit_id)
    if standing is not None:
        await deps.emit(*await write(deps.session, cancel_visit(standing)))


HANDLERS: Mapping[type[Event], Handler] = {
    RoutePlanned: on_route_planned,
    PlanCommitted: on_plan_committed,
    VisitCancelled: on_visit_cancelled,
}
