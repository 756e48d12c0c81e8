from dataclasses import replace

import pytest

from services.routing.domain.check import check
from services.routing.domain.plan import Plan, Reason
from services.routing.domain.problem import Begun, BegunVisit, Problem, Window
from services.routing.solver.effort import Effort
from services.routing.solver.planner import orders_of, plan
from services.routing.solver.replanning import replan
from shared.events.ids import VisitId
from tests.routing.days import MINUTE, Sizes, a_day, a_shift, a_visit, at, random_day, shift_id, visit_id

_EFFORT = Effort(rounds=4)


@pytest.fixture(scope="module")
def day() -> Problem:
    return random_day(Sizes(40, 6, wishes=False), 21)


@pytest.fixture(scope="module")
def in_force(day: Problem) -> Plan:
    return plan(day, Effort(rounds=3), 1).plan


def _without(problem: Problem, *gone: VisitId) -> Problem:
    return replace(problem, visits=tuple(visit for visit in problem.visits if visit.id not in gone))


def _changed_routes(one: Plan, other: Plan) -> int:
    before, after = orders_of(one), orders_of(other)
    return sum(before[shift] != after[shift] for shift in before)


def test_nothing_changed_is_the_same_plan(day: Problem, in_force: Plan) -> None:
    result = replan(day, in_force, (), _EFFORT, 1)

    assert (result.plan, result.rounds) == (in_force, 0)


def test_a_visit_taken_out_and_put_back_changes_one_route_each_time(day: Problem, in_force: Plan) -> None:
    gone = in_force.routes[0].planned[1]
    less = replan(_without(day, gone), in_force, (), _EFFORT, 1)
    more = replan(day, less.plan, (gone,), _EFFORT, 1)

    assert _changed_routes(in_force, less.plan) == 1
    assert _changed_routes(less.plan, more.plan) == 1
    assert (less.rounds, more.rounds) == (0, 0)
    assert gone not in {left.visit_id for left in more.plan.unassigned}


def test_room_that_a_cancelled_visit_leaves_goes_to_one_that_was_left_out() -> None:
    window = (8, 9)
    full = a_day([a_visit(1, 1, window), a_visit(2, 1, window), a_visit(3, 1, window)], [a_shift(1)])
    first = plan(full, _EFFORT, 1).plan
    left = first.unassigned[0].visit_id

    after = replan(_without(full, first.routes[0].planned[0]), first, (), _EFFORT, 1)

    assert left in after.plan.routes[0].planned
    assert after.plan.unassigned == ()


def test_a_moved_visit_is_planned_into_its_new_window(day: Problem, in_force: Plan) -> None:
    moved = in_force.routes[2].planned[0]
    window = Window(at(13), at(16))
    visits = tuple(replace(v, windows=(window,)) if v.id == moved else v for v in day.visits)
    today = replace(day, visits=visits)

    result = replan(today, in_force, (moved,), _EFFORT, 1)

    stops = {stop.visit_id: stop for route in result.plan.routes for stop in route.stops}
    assert window.opens <= stops[moved].start <= window.closes - today.visit[moved].duration_s
    assert _changed_routes(in_force, result.plan) <= 2


def test_a_sick_nurse_s_visits_go_to_the_others(day: Problem, in_force: Plan) -> None:
    today = replace(day, shifts=day.shifts[1:])

    result = replan(today, in_force, (), _EFFORT, 1)

    lost = set(in_force.routes[0].planned)
    taken = {visit for route in result.plan.routes for visit in route.planned}
    left = {left.visit_id for left in result.plan.unassigned}
    assert lost <= taken | left
    assert lost & taken
    assert check(today, result.plan) == []


def _full_house() -> tuple[Problem, Plan]:
    """Two nurses; visit 1 could go to either, 2 only to the first, and there is room for one each."""
    draw = frozenset({"draw"})
    hour = (8, 8.75)
    visits = [a_visit(1, 1, hour, duration_s=30 * MINUTE), a_visit(2, 1, hour, duration_s=30 * MINUTE, skills=draw)]
    problem = a_day(visits, [a_shift(1, skills=draw), a_shift(2, site=2)])
    alone = _without(problem, visit_id(2))
    first = plan(replace(alone, shifts=alone.shifts[:1]), _EFFORT, 1).plan
    return problem, replan(alone, first, (), _EFFORT, 1).plan


def test_where_no_place_is_left_the_routes_around_are_planned_anew() -> None:
    problem, before = _full_house()
    assert orders_of(before) == {shift_id(1): (visit_id(1),), shift_id(2): ()}

    result = replan(problem, before, (visit_id(2),), _EFFORT, 1)

    assert orders_of(result.plan) == {shift_id(1): (visit_id(2),), shift_id(2): (visit_id(1),)}
    assert result.rounds == 1


def test_where_nothing_helps_the_visit_is_left_out_with_its_reason() -> None:
    problem, before = _full_house()
    crowded = replace(problem, shifts=problem.shifts[:1])

    result = replan(crowded, before, (visit_id(2),), _EFFORT, 1)

    assert [left.reason for left in result.plan.unassigned] == [Reason.NO_ROOM]


def test_a_late_nurse_keeps_what_she_can_still_do() -> None:
    visits = [a_visit(1, 1), a_visit(2, 2, (8, 9.4)), a_visit(3, 3)]
    problem = a_day(visits, [a_shift(1), a_shift(2)])
    before = plan(problem, _EFFORT, 1).plan
    late = Begun(shift_id(1), (BegunVisit(visit_id(1), at(8.2), at(8.2), at(9)),))
    assert before.routes[0].planned == (visit_id(1), visit_id(2), visit_id(3))

    after = replan(replace(problem, begun=(late,), now=at(8.6)), before, (), _EFFORT, 1).plan

    assert after.routes[0].planned == (visit_id(3),)
    assert after.routes[1].planned == (visit_id(2),)
