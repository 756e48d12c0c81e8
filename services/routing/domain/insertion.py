"""Where a visit can be added to the routes there are, and what that costs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.routing.domain.plan import Route
from services.routing.domain.problem import UNREACHABLE, Shift, Visit
from services.routing.domain.schedule import Blocked, Scheduler
from shared.events.ids import ShiftId

_ROUNDING_CENTS = 2
"""Driving time and distance are each rounded down once a route, so a bound on their change may be off by two cents."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """A route with the visit in it, and how many cents that adds."""

    route: Route
    extra: int


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A place in a route, with the least it can cost; ties go to the earlier shift and position."""

    bound: int
    shift_at: int
    position: int


def cheapest_insertion(
    scheduler: Scheduler, routes: Mapping[ShiftId, Route], visit: Visit, shifts: Iterable[Shift]
) -> Insertion | None:
    """Return the cheapest feasible place for the visit among all places in the shifts' routes.

    Args:
        scheduler: evaluates the candidates.
        routes: by shift, the visit in none of them.
        visit: what is to be added.
        shifts: those whose nurses may do the visit.

    Returns:
        The place, or None: no route takes the visit at any place.
    """
    candidates = list(shifts)
    places = sorted(
        place
        for shift_at, shift in enumerate(candidates)
        for place in _places(scheduler, routes[shift.id], visit, shift_at)
    )
    best: Insertion | None = None
    for place in places:
        if best is not None and place.bound >= best.extra:
            break
        shift = candidates[place.shift_at]
        before = routes[shift.id]
        order = before.planned
        tried = scheduler.schedule(shift.id, (*order[: place.position], visit.id, *order[place.position :]))
        if isinstance(tried, Blocked):
            continue
        extra = tried.price.total - before.price.total
        if best is None or extra < best.extra:
            best = Insertion(tried, extra)
    return best


def _places(scheduler: Scheduler, route: Route, visit: Visit, shift_at: int) -> Iterable[_Place]:
    """Yield every place in a route that roads lead to, with a lower bound on what it costs.

    Driving is exact and waiting at its best: all of it gone.
    """
    problem = scheduler.problem
    prices = problem.prices
    seconds, metres = problem.travel.seconds_rows, problem.travel.metres_rows
    stand = scheduler.standing(route.shift_id)
    nurse = route.nurse_id
    fixed = -route.price.waiting - _ROUNDING_CENTS
    if visit.preferred_nurses and nurse not in visit.preferred_nurses:
        fixed += prices.not_preferred
    if visit.current_nurse is not None and visit.current_nurse != nurse:
        fixed += prices.nurse_changed
    stays_home = not route.stops
    if stays_home:
        fixed += prices.shift_used
    sites = [stand.site, *(problem.visit[visit_id].site for visit_id in route.planned), stand.shift.end_site]
    here = visit.site
    for position in range(len(sites) - 1):
        origin, target = sites[position], sites[position + 1]
        if seconds[origin][here] == UNREACHABLE or seconds[here][target] == UNREACHABLE:
            continue
        more_s = seconds[origin][here] + seconds[here][target]
        more_m = metres[origin][here] + metres[here][target]
        if not stays_home and seconds[origin][target] != UNREACHABLE:
            more_s -= seconds[origin][target]
            more_m -= metres[origin][target]
        bound = fixed + more_s * prices.driving_hour // 3600 + more_m * prices.driving_km // 1000
        yield _Place(bound, shift_at, position)
