"""A day lived through: every so often the plan is made again from what has begun, with visits coming and going."""

from dataclasses import replace
from random import Random

import pytest

from services.routing.domain.check import check
from services.routing.domain.plan import Plan, Route
from services.routing.domain.prices import Price
from services.routing.domain.problem import Begun, BegunBreak, BegunVisit, Problem
from services.routing.solver.effort import Effort
from services.routing.solver.planner import plan
from services.routing.solver.replanning import replan
from tests.routing.days import HOUR, MINUTE, Sizes, a_day, a_shift, a_visit, at, random_day, shift_id, visit_id


def _begun(route: Route, now: int, late: int) -> Begun:
    """Return what has begun by ``now``; the last of it takes ``late`` seconds longer than planned."""
    stops: list[BegunVisit | BegunBreak] = []
    for stop in route.stops:
        if stop.arrival - stop.drive_s >= now and not stop.begun:
            break
        if stop.visit_id is not None:
            stops.append(BegunVisit(stop.visit_id, stop.arrival, stop.start, stop.end))
        elif stop.break_number is not None:
            stops.append(BegunBreak(stop.break_number, stop.start, stop.end))
    if stops and stops[-1].end >= now:
        stops[-1] = replace(stops[-1], end=stops[-1].end + late)
    return Begun(route.shift_id, tuple(stops))


def _an_hour_later(problem: Problem, made: Plan, now: int, random: Random) -> Problem:
    begun = tuple(_begun(route, now, random.choice([0, 0, 600, 3000])) for route in made.routes)
    facts = {stop.visit_id for facts in begun for stop in facts.stops if isinstance(stop, BegunVisit)}
    still = tuple(visit for visit in problem.visits if visit.id in facts or random.random() > 0.05)
    return replace(problem, visits=still, begun=tuple(facts for facts in begun if facts.stops), now=now)


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_made_again_all_day_long_always_holds_and_never_moves_what_has_begun(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a test's dice
    problem = random_day(Sizes(45, 4, tight=True), seed)
    later = problem.visits[40:]
    problem = replace(problem, visits=problem.visits[:40])
    made = replan(problem, Plan((), (), Price()), (), Effort(rounds=1), seed).plan
    for hour in range(8, 19, 2):
        now = at(hour) + random.randrange(60) * MINUTE
        problem = _an_hour_later(problem, made, now, random)
        new, later = later[:1], later[1:]
        problem = replace(problem, visits=problem.visits + new)

        made = replan(problem, made, {visit.id for visit in new}, Effort(rounds=1), seed).plan

        assert check(problem, made) == []
        for facts in problem.begun:
            route = next(route for route in made.routes if route.shift_id == facts.shift_id)
            assert [stop.start for stop in route.stops if stop.begun] == [stop.start for stop in facts.stops]
            assert all(stop.arrival - stop.drive_s >= now for stop in route.stops if not stop.begun)


def test_a_visit_begun_before_the_shift_does_not_open_it_earlier() -> None:
    visits = [a_visit(1, 1, (0, 16)), a_visit(2, 2, (0, 16))]
    early = Begun(shift_id(1), (BegunVisit(visit_id(1), at(5), at(5), at(5.5)),))
    day = a_day(visits, [a_shift(1)], begun=(early,), now=at(5.5))

    made = plan(day, Effort(), 1).plan

    (route,) = made.routes
    second = route.stops[1]
    assert second.arrival - second.drive_s == at(8)
    hurried = replace(second, arrival=at(6), start=at(6), end=at(6) + second.end - second.start)
    too_early = replace(route, stops=(route.stops[0], hurried), back=route.back - 2 * HOUR)
    assert check(day, replace(made, routes=(too_early,))) != []
