from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.routing.domain.check import check
from services.routing.domain.plan import Plan, Reason
from services.routing.domain.problem import (
    UNREACHABLE,
    Begun,
    BegunVisit,
    Prices,
    Problem,
    Shift,
    Travel,
    Visit,
    Window,
)
from services.routing.solver import planner
from services.routing.solver.effort import Effort
from services.routing.solver.planner import PlanError, plan
from shared.events.values import Priority
from tests.routing.days import (
    HOUR,
    Sizes,
    a_break,
    a_day,
    a_shift,
    a_visit,
    at,
    line_travel,
    nurse_id,
    random_day,
    shift_id,
    visit_id,
)

_LITTLE = Effort(rounds=2)


def _plan(problem: Problem, start: Plan | None = None) -> Plan:
    return plan(problem, _LITTLE, 1, start).plan


def _who(made: Plan) -> dict[int, int]:
    """Return the number of the nurse by the number of the visit."""
    return {
        stop.visit_id.int - visit_id(0).int: route.nurse_id.int - nurse_id(0).int
        for route in made.routes
        for stop in route.stops
        if stop.visit_id is not None
    }


_DRAW: dict[str, Any] = {"skills": frozenset({"draw"})}
_LICENCE: dict[str, Any] = {"licence_options": (frozenset({"RN", "LVN"}),), "state": "OH"}


def _no_road_to(site: int) -> Travel:
    travel = line_travel(6)
    for matrix in (travel.seconds, travel.metres):
        matrix[:site, site] = UNREACHABLE
        matrix[site + 1 :, site] = UNREACHABLE
    return travel


@pytest.mark.parametrize(
    ("kept", "broken"),
    [
        pytest.param(
            a_day([a_visit(1, 1, **_DRAW)], [a_shift(1, **_DRAW)]),
            a_day([a_visit(1, 1, **_DRAW)], [a_shift(1)]),
            id="skills",
        ),
        pytest.param(
            a_day([a_visit(1, 1, **_LICENCE)], [a_shift(1, licences=frozenset({"LVN:OH"}))]),
            a_day([a_visit(1, 1, **_LICENCE)], [a_shift(1, licences=frozenset({"LVN:PA"}))]),
            id="licences",
        ),
        pytest.param(
            a_day([a_visit(1, 1, excluded_nurses=frozenset({nurse_id(2)}))], [a_shift(1)]),
            a_day([a_visit(1, 1, excluded_nurses=frozenset({nurse_id(1)}))], [a_shift(1)]),
            id="excluded",
        ),
        pytest.param(
            a_day([a_visit(1, 1, (8, 8.5))], [a_shift(1)]),
            a_day([a_visit(1, 1, (8, 8.49))], [a_shift(1)]),
            id="window",
        ),
        pytest.param(
            a_day([a_visit(1, 1, windows=(Window(at(6), at(7)), Window(at(9), at(10))))], [a_shift(1)]),
            a_day([a_visit(1, 1, windows=(Window(at(6), at(7)), Window(at(19), at(20))))], [a_shift(1)]),
            id="several windows",
        ),
        pytest.param(
            a_day([a_visit(1, 5, (8, 20))], [a_shift(1, hours=(8, 10))]),
            a_day([a_visit(1, 5, (8, 20))], [a_shift(1, hours=(8, 9.99))]),
            id="shift end",
        ),
        pytest.param(
            a_day([a_visit(1, 1, (8, 9))], [a_shift(1, breaks=(a_break(30, 8, 10),))]),
            a_day([a_visit(1, 1, (8, 9))], [a_shift(1, breaks=(a_break(50, 8, 8.9),))]),
            id="breaks",
        ),
        pytest.param(
            a_day([a_visit(1, 3)], [a_shift(1, max_duty_s=80 * 60)]),
            a_day([a_visit(1, 3)], [a_shift(1, max_duty_s=79 * 60)]),
            id="longest duty",
        ),
        pytest.param(
            a_day([a_visit(1, 1)], [a_shift(1)], _no_road_to(2)),
            a_day([a_visit(1, 2)], [a_shift(1)], _no_road_to(2)),
            id="unreachable",
        ),
        pytest.param(
            a_day([a_visit(1, 1, (8, 10))], [a_shift(1)], now=at(9)),
            a_day([a_visit(1, 1, (8, 10))], [a_shift(1)], now=at(9.6)),
            id="now",
        ),
        pytest.param(
            a_day([a_visit(1, 1, leave_out_price=2505)], [a_shift(1)]),
            a_day([a_visit(1, 1, leave_out_price=2504)], [a_shift(1)]),
            id="leave-out price",
        ),
    ],
)
def test_a_visit_is_planned_if_and_only_if_the_rule_allows(kept: Problem, broken: Problem) -> None:
    assert _who(_plan(kept)) == {1: 1}
    assert _who(_plan(broken)) == {}


def _crowd(*visits: Visit, shifts: tuple[Shift, ...] = (a_shift(1),), **changes: Any) -> Plan:
    return _plan(a_day(visits, shifts, **changes))


def test_of_two_visits_with_room_for_one_the_more_urgent_is_planned() -> None:
    one_hour = (8, 8.6)
    routine, stat = a_visit(1, 1, one_hour), a_visit(2, 1, one_hour, priority=Priority.STAT)

    assert _who(_crowd(routine, stat)) == {2: 1}
    assert _who(_crowd(replace(routine, priority=Priority.STAT), replace(stat, priority=Priority.ROUTINE))) == {1: 1}


def test_a_preferred_nurse_is_sent_where_it_costs_less_than_the_wish_is_worth() -> None:
    wish = a_visit(1, 1, preferred_nurses=frozenset({nurse_id(2)}))
    near_and_far = (a_shift(1), a_shift(2, site=5))

    assert _who(_crowd(a_visit(1, 1), shifts=near_and_far)) == {1: 1}
    assert _who(_crowd(wish, shifts=near_and_far)) == {1: 1}
    assert _who(_crowd(wish, shifts=near_and_far, prices=Prices(not_preferred=10_000))) == {1: 2}


def test_the_nurse_of_the_plan_in_force_is_kept_where_it_costs_less_than_a_change() -> None:
    had = a_visit(1, 1, current_nurse=nurse_id(2))
    near_and_next = (a_shift(1, site=1), a_shift(2))

    assert _who(_crowd(a_visit(1, 1), shifts=near_and_next)) == {1: 1}
    assert _who(_crowd(had, shifts=near_and_next)) == {1: 1}
    assert _who(_crowd(had, shifts=near_and_next, prices=Prices(nurse_changed=10_000))) == {1: 2}


def test_one_nurse_goes_where_two_could_if_that_costs_less() -> None:
    visits = (a_visit(1, 4), a_visit(2, 5))
    shifts = (a_shift(1), a_shift(2))

    assert len(set(_who(_crowd(*visits, shifts=shifts)).values())) == 1


def test_a_nurse_with_two_shifts_works_both() -> None:
    shifts = (a_shift(1, hours=(8, 12)), a_shift(2, hours=(14, 18), nurse_id=nurse_id(1)))
    made = _crowd(a_visit(1, 1, (9, 10)), a_visit(2, 1, (15, 16)), shifts=shifts)

    assert _who(made) == {1: 1, 2: 1}
    assert [route.planned for route in made.routes] == [(visit_id(1),), (visit_id(2),)]


def test_what_has_begun_stays_and_the_rest_follows_it() -> None:
    begun = Begun(shift_id(1), (BegunVisit(visit_id(3), at(8), at(8), at(9)),))
    problem = a_day([a_visit(n, n) for n in (1, 2, 3)], [a_shift(1), a_shift(2)], begun=(begun,), now=at(8.5))

    made = _plan(problem)

    assert made.routes[0].stops[0].visit_id == visit_id(3)
    assert made.routes[0].stops[1].arrival >= at(9)
    assert _who(made) == {1: 1, 2: 1, 3: 1}


def test_without_nurses_every_visit_has_a_reason() -> None:
    made = _plan(a_day([a_visit(1, 1), a_visit(2, 2)], []))

    assert [left.reason for left in made.unassigned] == [Reason.NO_SKILL, Reason.NO_SKILL]
    assert (made.routes, made.price.total) == ((), 40_000)


def test_without_visits_every_nurse_stays_at_home() -> None:
    made = _plan(a_day([], [a_shift(1, breaks=(a_break(30, 11, 13),))]))

    assert (made.routes[0].stops, made.unassigned, made.price.total) == ((), (), 0)


def test_an_empty_day_is_an_empty_plan() -> None:
    empty = np.zeros((0, 0), np.int32)

    assert _plan(a_day([], [], Travel(empty, empty))) == Plan((), (), replace(_plan(a_day([], [])).price))


def test_windows_that_meet_no_shift_leave_everything_out() -> None:
    made = _plan(a_day([a_visit(n, 1, (2, 4)) for n in range(5)], [a_shift(1), a_shift(2)]))

    assert {left.reason for left in made.unassigned} == {Reason.OUTSIDE_SHIFTS}


def test_a_shift_that_begun_work_has_overrun_takes_nothing_more() -> None:
    begun = Begun(shift_id(1), (BegunVisit(visit_id(1), at(9), at(9), at(17)),))
    shifts = [a_shift(1, breaks=(a_break(30, 11, 13),)), a_shift(2)]
    made = _plan(a_day([a_visit(1, 1), a_visit(2, 2)], shifts, begun=(begun,), now=at(10)))

    assert _who(made) == {1: 1, 2: 2}


@pytest.mark.parametrize("seed", range(8))
def test_every_random_plan_passes_the_check_and_loses_nothing(seed: int) -> None:
    problem = random_day(Sizes(30, 3, tight=seed % 2 == 0), seed)
    made = _plan(problem)

    assert check(problem, made) == []
    assert len(_who(made)) + len(made.unassigned) == 30


def test_search_makes_a_plan_cheaper_than_insertion_alone() -> None:
    problem = random_day(Sizes(40, 4), 3)

    inserted = plan(problem, Effort(rounds=0), 1)
    searched = plan(problem, Effort(rounds=3), 1)

    assert inserted.rounds == 0
    assert searched.plan.price.total < inserted.plan.price.total


def test_a_plan_that_breaks_a_rule_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    stricter = a_day([a_visit(1, 1)], [a_shift(1, max_duty_s=60)])
    monkeypatch.setattr(planner, "check", lambda _, made: check(stricter, made))

    with pytest.raises(PlanError, match="lasts longer than 60 s"):
        _plan(a_day([a_visit(1, 1)], [a_shift(1)]))


def test_the_clock_stops_a_search_and_the_result_says_so() -> None:
    result = plan(random_day(Sizes(30, 3), 1), Effort(rounds=50, cap_s=0.0), 1)

    assert (result.capped, result.rounds) == (True, 0)
    assert not plan(random_day(Sizes(10, 2), 1), Effort(rounds=1), 1).capped


def test_a_start_keeps_nurse_and_order_of_what_is_still_possible() -> None:
    problem = random_day(Sizes(40, 4), 5)
    before = _plan(problem)

    again = plan(problem, Effort(rounds=0), 9, before).plan

    assert again == before


def test_a_start_survives_visits_that_went_and_nurses_who_fell_ill() -> None:
    problem = random_day(Sizes(40, 4), 5)
    before = _plan(problem)
    gone = before.routes[1].planned[0]
    today = replace(
        problem, visits=tuple(v for v in problem.visits if v.id != gone), shifts=problem.shifts[1:], now=at(9)
    )

    after = plan(today, Effort(rounds=0), 1, before).plan

    kept = Counter(
        now.nurse_id == then.nurse_id
        for then in before.routes[1:]
        for now in after.routes
        for visit in then.planned
        if visit in now.planned
    )
    assert kept[True] > kept[False]
    assert gone not in [visit for route in after.routes for visit in route.planned]


def test_breaks_and_duty_hold_on_a_full_day() -> None:
    problem = random_day(Sizes(40, 3, tight=True), 11)
    made = _plan(problem)

    for shift, route in zip(problem.shifts, made.routes, strict=True):
        breaks = [stop for stop in route.stops if stop.visit_id is None]
        assert len(breaks) == (1 if route.planned else 0)
        assert route.back - route.departure <= (shift.max_duty_s or 8 * HOUR)
