"""From a planner's result to a plan in force: worded, drawn, and saved with what is said of it, if it comes in time."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from services.routing.announcing import Wording, changed, draw, say, unassigned_of
from services.routing.deps import RoutingState
from services.routing.domain.plan import Reason
from services.routing.reading import DayMemory, Worded
from services.routing.snapshots import Snapshot
from services.routing.solver.planner import Result
from services.routing.store import queries, requests
from services.routing.store.causes import planned_causes
from services.routing.store.models import PlanRequestRow
from services.routing.store.requests import Leased
from shared.events.ids import ShiftId, VisitId
from shared.events.routing import PlanCommitted, Route
from shared.observability.metrics import SOLVE_SECONDS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Made:
    """What a solve made, ready to be saved.

    Attributes:
        routes: every route there is, by shift.
        new: the shifts whose route is new or changed.
        carried: visits that go into another day's plan instead.
        inserted: nothing was searched.
        changed_visits: how many were inserted then.
        cramped: something found no place that a search may find.
    """

    committed: PlanCommitted
    routes: Mapping[ShiftId, Route]
    new: list[ShiftId]
    carried: Mapping[VisitId, dt.date]
    answers: Mapping[str, str]
    inserted: bool
    changed_visits: int
    cramped: bool


async def publish(
    state: RoutingState, leased: Leased, snapshot: Snapshot, memory: DayMemory, result: Result, began: dt.datetime
) -> None:
    """Put a plan into force.

    Args:
        state: the room's parts.
        leased: under which the day is held.
        snapshot: what was planned.
        memory: of the day; it is told what was said.
        result: from the planner.
        began: when the day was leased.
    """
    wording = Wording(snapshot.day, snapshot.problem, snapshot.matrix, memory.worded)
    worded = wording.routes(result.plan)
    routes = {shift_id: each.said for shift_id, each in worded.items()}
    new = changed(routes, snapshot.day.routes)
    if leased.improving and not _is_worth_it(state, snapshot, result, new):
        await _keep_plan(state, leased)
        return
    drawn = await draw(routes, new, lambda route: state.travel.geometry(leased.area_id, wording.sites(route)))
    stays = {**snapshot.day.routes, **drawn}
    made = _made(state, leased, snapshot, result, began, {shift_id: stays[shift_id] for shift_id in routes}, new)
    if not await _save(state, leased, made, began):
        log.warning("refused_late_plan", area_id=leased.area_id, date=leased.date.isoformat())
        return
    said = {shift_id: Worded(each.planned, each.sites, made.routes[shift_id]) for shift_id, each in worded.items()}
    memory.note_saved(made.committed.plan_version, drawn, said)
    SOLVE_SECONDS.labels(leased.area_id).observe(made.committed.seconds)
    log.info(
        "saved_plan",
        area_id=leased.area_id,
        date=leased.date.isoformat(),
        plan_version=made.committed.plan_version,
        routes=len(made.routes),
        changed=len(new),
        unassigned=len(made.committed.unassigned),
        inserted=snapshot.job.quick,
        seconds=made.committed.seconds,
    )


def _is_worth_it(state: RoutingState, snapshot: Snapshot, result: Result, new: list[ShiftId]) -> bool:
    """Tell whether an improvement is worth the messages it causes: always, where it is about visits without a nurse."""
    left = {entry.visit_id for entry in result.plan.unassigned}
    if left != set(snapshot.left_out) or any(snapshot.later(visit_id) for visit_id in left):
        return True
    return bool(new) and result.gain >= state.settings.worth_cents * len(new)


def _made(
    state: RoutingState,
    leased: Leased,
    snapshot: Snapshot,
    result: Result,
    began: dt.datetime,
    routes: Mapping[ShiftId, Route],
    new: list[ShiftId],
) -> Made:
    left = result.plan.unassigned
    later = {} if snapshot.job.quick else {entry.visit_id: snapshot.later(entry.visit_id) for entry in left}
    carried = {visit_id: date for visit_id, date in later.items() if date is not None}
    committed = PlanCommitted(
        aggregate_version=0,
        area_id=leased.area_id,
        date=leased.date,
        plan_version=snapshot.plan_version + 1,
        routes=(),
        unassigned=tuple(entry for entry in unassigned_of(result.plan) if entry.visit_id not in carried),
        price_cents=result.plan.price.by_rule(),
        drive=sum((route.drive for route in routes.values()), dt.timedelta()),
        travel_estimated=any(route.travel_estimated for route in routes.values()),
        seconds=round((state.clock() - began).total_seconds(), 3),
    )
    new_left = [entry for entry in left if entry.visit_id not in snapshot.left_out]
    cramped = snapshot.job.quick and any(
        entry.reason is Reason.NO_ROOM or snapshot.later(entry.visit_id) for entry in new_left
    )
    return Made(
        committed,
        routes,
        new,
        carried,
        snapshot.day.versions,
        snapshot.job.quick,
        len(snapshot.job.changed_visits or ()),
        cramped,
    )


async def _save(state: RoutingState, leased: Leased, made: Made, began: dt.datetime) -> bool:
    """Save a plan with what is said of it; False: the day is not this worker's any more."""
    now = state.clock()
    async with state.db.transaction() as session:
        # Visits first and the day after them, as who hears of a visit does: the other way round, the two would wait for
        # each other, and the search might be the one that is lost.
        visits = await queries.lock_visits(session, {*made.carried, *_on(made.routes[shift] for shift in made.new)})
        request = await requests.held(session, leased, now)
        if request is None:
            return False
        _answer(request, leased, made, _next_search(state, leased, now), now)
        causes = await planned_causes(session, [made.routes[shift] for shift in made.new], began, now)
        await say(session, made.committed, made.routes, made.new, made.answers, causes)
        for visit in visits:
            if visit.visit_id in made.carried and visit.planned_date == leased.date:
                visit.planned_date = made.carried[VisitId(visit.visit_id)]
                visit.carried_from = visit.carried_from or leased.date
                await requests.want_plan(session, leased.area_id, visit.planned_date, now)
    return True


def _on(routes: Iterable[Route]) -> set[VisitId]:
    return {stop.visit_id for route in routes for stop in route.stops if stop.visit_id}


def _next_search(state: RoutingState, leased: Leased, now: dt.datetime) -> dt.datetime | None:
    """Return when the whole day should be searched; None: it just was."""
    searched = leased.improving and not leased.cramped
    return None if searched else now + dt.timedelta(seconds=state.settings.improve_seconds)


def _answer(
    request: PlanRequestRow, leased: Leased, made: Made, next_search: dt.datetime | None, now: dt.datetime
) -> None:
    """Note what a plan answers, and when a search should look at what it only inserted."""
    if leased.improving:
        request.improve_at, request.cramped = next_search, False
        request.inserted = 0 if next_search is None else request.inserted
        return
    request.done, request.holder, request.until = leased.version, None, None
    request.failures, request.failure = 0, None
    request.first_at = request.last_at
    request.thorough &= request.wanted > leased.version
    request.inserted = request.inserted + made.changed_visits if made.inserted else 0
    request.cramped = made.inserted and (made.cramped or request.cramped)
    request.improve_at = (now if request.cramped else next_search) if made.inserted else None


async def _keep_plan(state: RoutingState, leased: Leased) -> None:
    now = state.clock()
    async with state.db.transaction() as session:
        request = await requests.held(session, leased, now)
        if request is not None:
            request.improve_at, request.cramped = _next_search(state, leased, now), False
            request.inserted = 0 if request.improve_at is None else request.inserted
    log.info("kept_plan", area_id=leased.area_id, date=leased.date.isoformat())
