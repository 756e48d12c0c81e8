"""Times worked out by hand: sites lie in a row, ten minutes and 6 km from each to the next; nurses live at site 0."""

from dataclasses import replace

import pytest

from services.routing.domain.plan import Route, Stop
from services.routing.domain.prices import Price
from services.routing.domain.problem import (
    UNREACHABLE,
    Begun,
    BegunBreak,
    BegunVisit,
    Prices,
    Problem,
    Shift,
    Travel,
    Visit,
    Window,
)
from services.routing.domain.schedule import Blocked, Rule, Scheduler
from tests.routing.days import (
    HOUR,
    MINUTE,
    a_break,
    a_day,
    a_shift,
    a_visit,
    at,
    line_travel,
    nurse_id,
    shift_id,
    visit_id,
)


def _try(problem: Problem, *visits: int) -> Route | Blocked:
    return Scheduler(problem).schedule(shift_id(1), [visit_id(number) for number in visits])


def _route(problem: Problem, *visits: int) -> Route:
    route = _try(problem, *visits)
    assert isinstance(route, Route), route
    return route


def _minutes(stops: tuple[Stop, ...]) -> list[tuple[str, int, int, int]]:
    """Return kind, arrival, start and end of each stop, in minutes since eight o'clock."""
    zero = at(8)
    return [
        (s.kind.value, (s.arrival - zero) // MINUTE, (s.start - zero) // MINUTE, (s.end - zero) // MINUTE)
        for s in stops
    ]


def test_visits_start_as_early_as_the_road_allows() -> None:
    route = _route(a_day([a_visit(1, 1), a_visit(2, 3)], [a_shift(1)]), 1, 2)

    assert _minutes(route.stops) == [("visit", 10, 10, 30), ("visit", 50, 50, 70)]
    assert (route.departure, route.back) == (at(8), at(8) + 100 * MINUTE)
    assert (route.drive_s, route.drive_m, route.home_s) == (60 * MINUTE, 36_000, 30 * MINUTE)


def test_the_nurse_waits_for_a_window_to_open() -> None:
    route = _route(a_day([a_visit(1, 1), a_visit(2, 2, (9, 10))], [a_shift(1)]), 1, 2)

    assert _minutes(route.stops) == [("visit", 10, 10, 30), ("visit", 40, 60, 80)]


def test_the_nurse_leaves_home_as_late_as_the_first_visit_allows() -> None:
    route = _route(a_day([a_visit(1, 2, (10, 11))], [a_shift(1)]), 1)

    assert (route.departure, route.stops[0].arrival, route.stops[0].start) == (at(10) - 1200, at(10), at(10))
    assert route.price.waiting == 0


def test_a_visit_ends_within_its_window() -> None:
    assert isinstance(_try(a_day([a_visit(1, 1, (8, 8.5))], [a_shift(1)]), 1), Route)
    assert _try(a_day([a_visit(1, 1, (8, 8.49))], [a_shift(1)]), 1) == Blocked(Rule.WINDOW, visit_id(1))


def test_the_first_window_that_still_fits_is_taken() -> None:
    windows = (Window(at(14), at(15)), Window(at(8), at(8.25)), Window(at(10), at(11)))

    route = _route(a_day([a_visit(1, 1, windows=windows)], [a_shift(1)]), 1)

    assert route.stops[0].start == at(10)


def test_the_shift_ends_at_home() -> None:
    visit = a_visit(1, 3, (8, 20))

    assert isinstance(_try(a_day([visit], [a_shift(1, hours=(8, 9 + 1 / 3))]), 1), Route)
    assert _try(a_day([visit], [a_shift(1, hours=(8, 9.33))]), 1) == Blocked(Rule.SHIFT_END, None)


def test_a_shift_may_end_elsewhere_than_it_starts() -> None:
    route = _route(a_day([a_visit(1, 1)], [a_shift(1, end_site=2)]), 1)

    assert (route.home_s, route.back) == (10 * MINUTE, at(8) + 40 * MINUTE)


def _without(*legs: tuple[int, int]) -> Travel:
    travel = line_travel(6)
    for matrix in (travel.seconds, travel.metres):
        for leg in legs:
            matrix[leg] = UNREACHABLE
    return travel


def test_no_leg_leads_where_there_is_no_road() -> None:
    visits, shifts = [a_visit(1, 1), a_visit(2, 2)], [a_shift(1)]

    assert _try(a_day(visits, shifts, _without((1, 2))), 1, 2) == Blocked(Rule.UNREACHABLE, visit_id(2))
    assert _try(a_day(visits, shifts, _without((2, 0))), 1, 2) == Blocked(Rule.UNREACHABLE, None)
    assert isinstance(_try(a_day(visits, shifts, _without((1, 2))), 2, 1), Route)


def _with_breaks(*breaks: tuple[int, float, float], visits: tuple[Visit, ...] | None = None) -> Problem:
    planned = visits or (a_visit(1, 1), a_visit(2, 5))
    return a_day(planned, [a_shift(1, breaks=tuple(a_break(*pause) for pause in breaks))])


def test_a_break_is_taken_after_the_drive_if_its_window_allows() -> None:
    route = _route(_with_breaks((30, 8.5, 10)), 1, 2)

    assert _minutes(route.stops) == [("visit", 10, 10, 30), ("break", 70, 70, 100), ("visit", 100, 100, 120)]
    assert [stop.drive_s for stop in route.stops] == [600, 2400, 0]


def test_a_break_that_cannot_wait_for_the_end_of_the_drive_interrupts_it() -> None:
    route = _route(_with_breaks((30, 8.75, 9.5)), 1, 2)

    assert _minutes(route.stops) == [("visit", 10, 10, 30), ("break", 60, 60, 90), ("visit", 100, 100, 120)]
    assert [stop.drive_s for stop in route.stops] == [600, 1800, 600]
    assert [stop.drive_m for stop in route.stops] == [6_000, 18_000, 6_000]


def test_a_break_goes_into_the_time_spent_waiting() -> None:
    with_break = _with_breaks((30, 8, 16), visits=(a_visit(1, 1), a_visit(2, 2, (10, 11))))

    assert _minutes(_route(with_break, 1, 2).stops)[-1] == ("visit", 70, 120, 140)


def test_a_break_never_interrupts_a_visit() -> None:
    long_visit = a_visit(1, 1, (8, 11.5), duration_s=3 * HOUR)

    assert isinstance(_try(_with_breaks((30, 8.6, 11.75), visits=(long_visit,)), 1), Route)
    assert _try(_with_breaks((30, 8.6, 11.5), visits=(long_visit,)), 1) == Blocked(Rule.BREAKS, None)


def test_a_break_may_be_taken_at_home_after_the_last_visit() -> None:
    route = _route(_with_breaks((30, 12, 13), visits=(a_visit(1, 1),)), 1)

    assert _minutes(route.stops) == [("visit", 10, 10, 30), ("break", 40, 240, 270)]
    assert (route.back, route.home_s) == (at(12.5), 0)
    assert route.price.waiting == 0


def test_a_break_before_the_first_visit_is_taken_at_home_and_the_nurse_sets_out_after_it_in_time() -> None:
    route = _route(_with_breaks((30, 8, 9), visits=(a_visit(1, 1, (10, 10.5)),)), 1)

    assert _minutes(route.stops) == [("break", 30, 30, 60), ("visit", 120, 120, 140)]
    assert [stop.drive_s for stop in route.stops] == [0, 600]
    assert (route.departure, route.price.waiting) == (at(8.5), 0)


def test_two_breaks_are_both_taken_whatever_their_order_in_the_shift() -> None:
    route = _route(_with_breaks((30, 11, 12), (15, 8, 9)), 1, 2)

    assert sorted(stop.break_number for stop in route.stops if stop.break_number is not None) == [0, 1]


def test_no_break_is_planned_in_a_shift_without_visits() -> None:
    route = _route(_with_breaks((30, 8.5, 10)))

    assert (route.stops, route.price) == ((), Price())


def test_nothing_departs_before_now() -> None:
    route = _route(a_day([a_visit(1, 1)], [a_shift(1)], now=at(9)), 1)

    assert (route.departure, route.stops[0].start) == (at(9), at(9) + 10 * MINUTE)


def _underway(shift: Shift, *stops: BegunVisit | BegunBreak, now: float) -> Problem:
    visits = [a_visit(1, 2, (6, 7)), a_visit(2, 3)]
    return a_day(visits, [shift], begun=(Begun(shift.id, stops),), now=at(now))


_FIRST = BegunVisit(visit_id(1), at(8.5), at(8.5), at(9))


def test_a_route_goes_on_from_where_and_when_what_has_begun_ends() -> None:
    later = _route(_underway(a_shift(1), _FIRST, now=8.75), 2)
    earlier = _route(_underway(a_shift(1), _FIRST, now=10), 2)

    assert later.stops[0] == Stop(visit_id(1), None, at(8.5), at(8.5), at(9), 1200, 12_000, begun=True)
    assert (later.stops[1].arrival, later.stops[1].drive_s) == (at(9) + 600, 600)
    assert earlier.stops[1].arrival == at(10) + 600
    assert later.planned == (visit_id(2),)
    assert later.departure == at(8.5) - 1200


def test_what_has_begun_costs_nothing_any_more() -> None:
    route = _route(_underway(a_shift(1), _FIRST, now=9))

    assert route.price == Price(driving_time=1000, driving_distance=504)
    assert route.back == at(9) + 1200


def test_a_break_that_has_begun_is_not_planned_again() -> None:
    shift = a_shift(1, breaks=(a_break(30, 9, 12),))
    had = BegunBreak(0, at(9), at(9.5))

    route = _route(_underway(shift, _FIRST, had, now=9), 2)

    assert [stop.break_number for stop in route.stops] == [None, 0, None]
    assert route.stops[2].arrival == at(9.5) + 600


def test_a_break_that_can_no_longer_be_over_in_time_has_lapsed() -> None:
    shift = a_shift(1, breaks=(a_break(30, 8, 9.25),))

    route = _route(_underway(shift, _FIRST, now=9), 2)

    assert [stop.break_number for stop in route.stops] == [None, None]


def test_begun_work_that_overruns_the_shift_stands_but_takes_nothing_more() -> None:
    problem = _underway(a_shift(1, hours=(8, 9)), _FIRST, now=9)

    assert _route(problem).back == at(9) + 1200
    assert _try(problem, 2) == Blocked(Rule.SHIFT_END, None)


def test_a_nurse_leaves_later_where_that_keeps_her_duty_short_enough() -> None:
    visits = [a_visit(1, 1, (8, 12)), a_visit(2, 2, (12, 13))]
    free = _route(a_day(visits, [a_shift(1)]), 1, 2)
    bound = _route(a_day(visits, [a_shift(1, max_duty_s=2 * HOUR)]), 1, 2)

    assert free.back - free.departure == 4 * HOUR + 40 * MINUTE
    assert bound.departure == bound.back - 2 * HOUR == at(12) + 40 * MINUTE - 2 * HOUR


def test_duty_that_cannot_be_made_shorter_blocks() -> None:
    visits = [a_visit(1, 1, (8, 9)), a_visit(2, 2, (12, 13))]
    shift = a_shift(1, max_duty_s=4 * HOUR)

    assert _try(a_day(visits, [shift]), 1, 2) == Blocked(Rule.WINDOW, visit_id(1))
    assert _try(_underway(replace(shift, max_duty_s=HOUR), _FIRST, now=9), 2) == Blocked(Rule.MAX_DUTY, None)


def _priced(visit: Visit, prices: Prices) -> Price:
    return _route(a_day([visit], [a_shift(1)], prices=prices), 1).price


_ONLY_DRIVING = Prices(not_preferred=0, nurse_changed=0, shift_used=0)


def test_driving_is_charged_by_time_and_by_distance() -> None:
    assert _priced(a_visit(1, 3), _ONLY_DRIVING) == Price(driving_time=3000, driving_distance=1512)
    assert _priced(a_visit(1, 0), _ONLY_DRIVING) == Price()


def test_waiting_at_a_door_is_charged_and_starting_at_once_is_not() -> None:
    visits = [a_visit(1, 1), a_visit(2, 2, (9, 10)), a_visit(3, 2, (8, 10))]
    problem = a_day(visits, [a_shift(1)])

    assert _route(problem, 1, 2).price.waiting == 1200 // 3
    assert _route(problem, 1, 3).price.waiting == 0


@pytest.mark.parametrize(("wished", "cents"), [((), 0), ((1,), 0), ((2,), 500), ((1, 2), 0), ((2, 3), 500)])
def test_a_nurse_the_patient_did_not_ask_for_is_charged(wished: tuple[int, ...], cents: int) -> None:
    visit = a_visit(1, 1, preferred_nurses=frozenset(map(nurse_id, wished)))

    assert _priced(visit, Prices()).not_preferred == cents


@pytest.mark.parametrize(("current", "cents"), [(None, 0), (1, 0), (2, 300)])
def test_another_nurse_than_in_the_plan_in_force_is_charged(current: int | None, cents: int) -> None:
    visit = a_visit(1, 1, current_nurse=None if current is None else nurse_id(current))

    assert _priced(visit, Prices()).nurse_changed == cents


def test_sending_a_nurse_out_is_charged_once_and_not_when_she_is_out_already() -> None:
    assert _priced(a_visit(1, 1), Prices()).shift_used == 1000
    assert _route(a_day([a_visit(1, 1)], [a_shift(1)])).price.shift_used == 0
    assert _route(_underway(a_shift(1), _FIRST, now=9), 2).price.shift_used == 0
