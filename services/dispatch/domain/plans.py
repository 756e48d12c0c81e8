"""From a plan to what nurses are told: what is new is handed out, what is lost is taken back, what has begun stays."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.dispatch.domain.conflicts import Conflicts, find_conflicts
from services.dispatch.domain.day import OPEN, UNNUMBERED, Assignment, Day, frozen_on, may_stand
from shared.errors import PoisonError
from shared.events.dispatch import (
    AssignmentWithdrawn,
    DayDisrupted,
    Disruption,
    RouteDispatched,
    VisitAssigned,
    WithdrawalReason,
)
from shared.events.ids import ShiftId, VisitId
from shared.events.registry import Event
from shared.events.routing import Route
from shared.events.values import Stop

RETIMED = dt.timedelta(minutes=1)
"""A planned time that moves by no more than this is not said again: nobody is told seconds."""

type _Targets = dict[VisitId, tuple[Route, Stop]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A committed plan: every route of one version.

    Raises:
        PoisonError: it gives one visit to two routes.
    """

    version: int
    routes: tuple[Route, ...]

    def __post_init__(self) -> None:
        visits = [stop.visit_id for route in self.routes for stop in route.stops if stop.visit_id]
        if len(visits) != len(set(visits)):
            raise PoisonError(f"Plan version {self.version} has one visit twice. It is not dispatched.")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a plan changes.

    Attributes:
        events: to be numbered, stored and said, in this order.
        disputed: visits about which the plan contradicts the day.
    """

    events: tuple[Event, ...]
    disputed: frozenset[VisitId]


def apply_plan(day: Day, plan: Plan, retimed: dt.timedelta = RETIMED) -> Decision:
    """Return what to tell whom, so that the day follows the plan as far as what has begun allows.

    A plan that is not newer than the one in force changes nothing. A contradiction with what has begun, or with a
    closed shift, is decided for the day, and disrupts it once: not again while newer plans contradict it the same way.
    """
    if plan.version <= day.plan_version:
        return Decision((), day.disputed)
    conflicts = find_conflicts(day, plan.routes)
    routes = _routes(day, plan, conflicts)
    targets = _targets(day, routes)
    return Decision(
        (
            *_withdrawn(day, targets),
            *_handed_out(day, plan, routes),
            *_assigned(day, plan, targets, retimed),
            *_disrupted(day, plan, targets, conflicts),
        ),
        conflicts.visits,
    )


def _routes(day: Day, plan: Plan, conflicts: Conflicts) -> dict[ShiftId, Route]:
    """Return the route to hand out for every shift that has one, planned or given."""
    planned = {route.shift_id: route for route in plan.routes}
    routes = {shift_id: _as_far_as_it_may(day, route, conflicts) for shift_id, route in planned.items()}
    for shift_id, given in day.routes.items():
        if shift_id not in routes:
            routes[shift_id] = only_begun(day, given)
    return routes


def _as_far_as_it_may(day: Day, planned: Route, conflicts: Conflicts) -> Route:
    """Return the planned route with what has begun in front and without what may not be on it."""
    shift_id = planned.shift_id
    stops = tuple(stop for stop in planned.stops if may_stand(day, shift_id, stop))
    frozen = [assignment.visit_id for assignment in frozen_on(day, shift_id)]
    here = {stop.visit_id for stop in stops}
    if shift_id in conflicts.shuffled or not here.issuperset(frozen):
        given = day.routes[shift_id].stops  # what has begun was handed out
        known = {stop.visit_id: stop for stop in (*given, *stops)}
        rest = [stop for stop in stops if stop.visit_id not in frozen]
        stops = (*(known[visit_id] for visit_id in frozen), *rest)
    return planned if stops == planned.stops else planned.model_copy(update={"stops": stops})


def only_begun(day: Day, given: Route) -> Route:
    """Return a route that was given, without what has not begun."""
    known = {stop.visit_id: stop for stop in given.stops}
    stops = tuple(known[assignment.visit_id] for assignment in frozen_on(day, given.shift_id))
    if stops == given.stops:
        return given
    return given.model_copy(
        update={
            "stops": stops,
            "back": stops[-1].end if stops else given.departure,
            "drive": sum((stop.travel.drive for stop in stops), dt.timedelta()),
            "metres": sum(stop.travel.metres for stop in stops),
            "geometry": None,
        }
    )


def _targets(day: Day, routes: Mapping[ShiftId, Route]) -> _Targets:
    """Return where each visit that has not begun is to stand."""
    standing = day.assignments
    return {
        stop.visit_id: (route, stop)
        for route in routes.values()
        for stop in route.stops
        if stop.visit_id and (stop.visit_id not in standing or standing[stop.visit_id].progress in OPEN)
    }


def _withdrawn(day: Day, targets: _Targets) -> Iterator[Event]:
    for assignment in day.assignments.values():
        if assignment.progress not in OPEN:
            continue
        target = targets.get(assignment.visit_id)
        if target and target[0].shift_id != assignment.shift_id:
            yield withdrawal(assignment, WithdrawalReason.REPLANNED)
        elif not target and day.holds(assignment):
            yield withdrawal(assignment, WithdrawalReason.UNASSIGNED)


def withdrawal(assignment: Assignment, reason: WithdrawalReason) -> AssignmentWithdrawn:
    """Return the event that takes a visit back from its nurse."""
    return AssignmentWithdrawn(
        aggregate_version=UNNUMBERED,
        area_id=assignment.area_id,
        date=assignment.date,
        visit_id=assignment.visit_id,
        shift_id=assignment.shift_id,
        nurse_id=assignment.nurse_id,
        reason=reason,
    )


def _handed_out(day: Day, plan: Plan, routes: Mapping[ShiftId, Route]) -> Iterator[Event]:
    for shift_id, route in routes.items():
        given = day.routes.get(shift_id)
        if route != given and (route.stops or (given and given.stops)):
            yield handed_out(day, plan.version, route)


def handed_out(day: Day, plan_version: int, route: Route) -> RouteDispatched:
    """Return the event that hands a route to its nurse."""
    return RouteDispatched(
        aggregate_version=UNNUMBERED, area_id=day.area_id, date=day.date, plan_version=plan_version, route=route
    )


def _assigned(day: Day, plan: Plan, targets: _Targets, retimed: dt.timedelta) -> Iterator[Event]:
    for visit_id, (route, stop) in targets.items():
        if not _still_holds(day.assignments.get(visit_id), route, stop, retimed):
            yield VisitAssigned(
                aggregate_version=UNNUMBERED,
                area_id=day.area_id,
                date=day.date,
                plan_version=plan.version,
                visit_id=visit_id,
                shift_id=route.shift_id,
                nurse_id=route.nurse_id,
                nurse_ref=route.nurse_ref,
                arrival=stop.arrival,
                start=stop.start,
                end=stop.end,
            )


def _still_holds(standing: Assignment | None, route: Route, stop: Stop, retimed: dt.timedelta) -> bool:
    if standing is None or standing.shift_id != route.shift_id:
        return False
    said = (standing.arrival, standing.start, standing.end)
    return all(abs(new - old) <= retimed for new, old in zip((stop.arrival, stop.start, stop.end), said, strict=True))


def _disrupted(day: Day, plan: Plan, targets: _Targets, conflicts: Conflicts) -> Iterator[Event]:
    if conflicts.visits != day.disputed:
        for conflict in conflicts.kinds:
            yield DayDisrupted(
                aggregate_version=UNNUMBERED,
                area_id=day.area_id,
                date=day.date,
                disruption=conflict.disruption,
                plan_version=plan.version,
                shift_ids=conflict.shift_ids,
                visit_ids=conflict.visit_ids,
            )
    for assignment in day.assignments.values():
        if assignment.visit_id in targets and not day.holds(assignment):
            # That day's plan may be the newer one: if it still has the visit, its next version takes it back.
            yield DayDisrupted(
                aggregate_version=UNNUMBERED,
                area_id=assignment.area_id,
                date=assignment.date,
                disruption=Disruption.VISIT_MOVED,
                plan_version=day.elsewhere[assignment.area_id, assignment.date],
                shift_ids=(assignment.shift_id,),
                visit_ids=(assignment.visit_id,),
            )
