"""Every rule broken on purpose: the check must name it. The plan it starts from is worked out by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.routing.domain.check import check
from services.routing.domain.plan import Plan, Reason, Route, Stop, Unassigned
from services.routing.domain.prices import Price
from services.routing.domain.problem import UNREACHABLE, Begun, BegunBreak, BegunVisit, Problem, Shift, Travel
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

_NURSE: dict[str, Any] = {"skills": frozenset({"draw"}), "licences": frozenset({"RN:OH"})}
_NEEDS: dict[str, Any] = {"skills": frozenset({"draw"}), "licence_options": (frozenset({"RN", "LVN"}),), "state": "OH"}


def _minute(minute: int) -> int:
    """Return the instant so many minutes after eight."""
    return at(8) + minute * MINUTE


def _problem() -> Problem:
    """Visit 1 is begun; 2 and 3 are planned with a break between them; 4 is left out; shift 2 is not used."""
    visits = [a_visit(1, 1), a_visit(2, 2, **_NEEDS), a_visit(3, 4, (8, 10.25)), a_visit(4, 5)]
    shifts = [a_shift(1, breaks=(a_break(30, 8.5, 10),), max_duty_s=4 * HOUR, **_NURSE), a_shift(2)]
    begun = Begun(shift_id(1), (BegunVisit(visit_id(1), _minute(10), _minute(10), _minute(30)),))
    return a_day(visits, shifts, begun=(begun,), now=_minute(20))


def _stop(visit: int, arrival: int, minutes: int = 20, drive: int = 10, *, begun: bool = False) -> Stop:
    start = _minute(arrival)
    return Stop(visit_id(visit), None, start, start, start + minutes * MINUTE, drive * MINUTE, drive * 600, begun=begun)


_BREAK = Stop(None, 0, _minute(70), _minute(70), _minute(100), 10 * MINUTE, 6_000)


def _plan() -> Plan:
    stops = (_stop(1, 10, begun=True), _stop(2, 40), _BREAK, _stop(3, 110))
    price = Price(driving_time=3500, driving_distance=1764)
    route = Route(shift_id(1), nurse_id(1), stops, _minute(0), _minute(170), 40 * MINUTE, 24_000, price)
    empty = Route(shift_id(2), nurse_id(2), (), at(8), at(8), 0, 0, Price())
    left = Unassigned(visit_id(4), Reason.NO_ROOM, "No room.", {})
    return Plan((route, empty), (left,), price + Price(left_out=20_000))


def _rules(problem: Problem, plan: Plan) -> set[str]:
    return {violation.rule for violation in check(problem, plan)}


def test_a_plan_that_keeps_every_rule_has_no_violations() -> None:
    assert check(_problem(), _plan()) == []


def _with_stops(change: Callable[[tuple[Stop, ...]], tuple[Stop, ...]]) -> Plan:
    plan = _plan()
    route = replace(plan.routes[0], stops=change(plan.routes[0].stops))
    return replace(plan, routes=(route, plan.routes[1]))


def _with_stop(position: int, **changes: object) -> Plan:
    def change(stops: tuple[Stop, ...]) -> tuple[Stop, ...]:
        changed = replace(stops[position], **changes)  # type: ignore[arg-type]
        return (*stops[:position], changed, *stops[position + 1 :])

    return _with_stops(change)


def _with_route(**changes: object) -> Plan:
    plan = _plan()
    return replace(plan, routes=(replace(plan.routes[0], **changes), plan.routes[1]))  # type: ignore[arg-type]


_NO_PRICE = _plan().routes[0].price


@pytest.mark.parametrize(
    ("plan", "rule"),
    [
        (replace(_plan(), routes=_plan().routes[:1]), "routes"),
        (replace(_plan(), routes=_plan().routes[::-1]), "routes"),
        (_with_route(nurse_id=nurse_id(2)), "routes"),
        (replace(_plan(), unassigned=()), "lost"),
        (replace(_plan(), unassigned=_plan().unassigned * 2), "twice"),
        (_with_stops(lambda s: (*s[:3], replace(s[3], visit_id=visit_id(4)))), "twice"),
        (_with_stops(lambda s: (*s[:3], replace(s[3], visit_id=visit_id(9)))), "unknown"),
        (_with_stops(lambda s: s[1:]), "begun"),
        (_with_stops(lambda _: ()), "begun"),
        (_with_stops(lambda s: (s[1], s[0], *s[2:])), "begun"),
        (_with_stop(0, end=_minute(29)), "begun"),
        (_with_stop(0, begun=False), "begun"),
        (_with_stop(1, begun=True), "begun"),
        (_with_stop(1, end=_minute(61)), "duration"),
        (_with_stop(3, start=_minute(116), end=_minute(136)), "window"),
        (_with_stop(1, arrival=_minute(39)), "now"),
        (_with_stop(1, arrival=_minute(41), start=_minute(41)), "travel"),
        (_with_stop(3, arrival=_minute(105)), "travel"),
        (_with_stop(3, start=_minute(109), end=_minute(129)), "order"),
        (_with_stop(3, drive_s=9 * MINUTE), "travel"),
        (_with_stop(3, drive_m=5_999), "travel"),
        (_with_stop(2, drive_s=-1), "travel"),
        (_with_stop(3, break_number=1), "stop"),
        (_with_stops(lambda s: (*s[:2], s[3])), "breaks"),
        (_with_stops(lambda s: (*s[:3], _BREAK, s[3])), "breaks"),
        (_with_stop(2, break_number=1), "breaks"),
        (_with_stop(2, end=_minute(99)), "breaks"),
        (_with_stop(2, start=_minute(100), end=_minute(130)), "breaks"),
        (_with_route(departure=_minute(1)), "departure"),
        (_with_route(back=_minute(169)), "travel"),
        (_with_route(home_s=39 * MINUTE), "travel"),
        (_with_route(home_m=0), "travel"),
    ],
)
def test_a_plan_that_breaks_a_rule_is_told_which(plan: Plan, rule: str) -> None:
    assert rule in _rules(_problem(), plan)


def _needing(**changes: object) -> Problem:
    problem = _problem()
    visits = (*problem.visits[:1], replace(problem.visits[1], **changes), *problem.visits[2:])  # type: ignore[arg-type]
    return replace(problem, visits=visits)


def _on(**changes: object) -> Problem:
    problem = _problem()
    shift: Shift = replace(problem.shifts[0], **changes)  # type: ignore[arg-type]
    return replace(problem, shifts=(shift, problem.shifts[1]))


def _without_road(origin: int, target: int) -> Problem:
    travel: Travel = line_travel(6)
    travel.seconds[origin, target] = travel.metres[origin, target] = UNREACHABLE
    return replace(_problem(), travel=travel)


@pytest.mark.parametrize(
    ("problem", "rule"),
    [
        (_needing(skills=frozenset({"draw", "child"})), "skills"),
        (_needing(state="PA"), "licences"),
        (_needing(licence_options=(frozenset({"RN"}), frozenset({"LVN"}))), "licences"),
        (_needing(excluded_nurses=frozenset({nurse_id(1)})), "excluded"),
        (_needing(duration_s=HOUR), "duration"),
        (_on(end=_minute(169)), "shift"),
        (_on(max_duty_s=169 * MINUTE), "max_duty"),
        (_on(breaks=()), "breaks"),
        (_on(breaks=(a_break(30, 9.5, 10),)), "breaks"),
        (_on(breaks=(a_break(30, 8.5, 10), a_break(10, 8.5, 10))), "breaks"),
        (_without_road(2, 4), "unreachable"),
        (_without_road(4, 0), "unreachable"),
        (replace(_problem(), now=_minute(31)), "now"),
        (_needing(preferred_nurses=frozenset({nurse_id(2)})), "price"),
        (_needing(current_nurse=nurse_id(2)), "price"),
    ],
)
def test_a_plan_does_not_pass_for_a_day_with_stricter_rules(problem: Problem, rule: str) -> None:
    assert rule in _rules(problem, _plan())


@pytest.mark.parametrize(
    "price",
    [
        replace(_NO_PRICE, driving_time=3499),
        replace(_NO_PRICE, driving_distance=0),
        replace(_NO_PRICE, waiting=1),
        replace(_NO_PRICE, not_preferred=500),
        replace(_NO_PRICE, nurse_changed=300),
        replace(_NO_PRICE, shift_used=1000),
        replace(_NO_PRICE, left_out=20_000),
    ],
)
def test_every_price_is_added_up_again(price: Price) -> None:
    assert _rules(_problem(), _with_route(price=price)) == {"price"}
    assert _rules(_problem(), replace(_plan(), price=price + Price(left_out=20_000))) == {"price"}


def _fresh_route(departure: int, stops: tuple[Stop, ...], back: int, price: Price) -> Plan:
    route = Route(shift_id(1), nurse_id(1), stops, departure, back, 10 * MINUTE, 6_000, price)
    return Plan((route,), (), price)


_GO_AND_BACK = Price(driving_time=1000, driving_distance=504, shift_used=1000)


def test_a_nurse_may_set_out_late_but_not_before_her_shift() -> None:
    problem = a_day([a_visit(1, 1, (7, 16))], [a_shift(1)])
    late = _fresh_route(_minute(30), (_stop(1, 40),), _minute(70), _GO_AND_BACK)
    early = _fresh_route(_minute(-10), (_stop(1, 0),), _minute(30), _GO_AND_BACK)

    assert _rules(problem, late) == set()
    assert _rules(problem, early) == {"now", "shift"}


def test_a_nurse_who_stays_at_home_has_no_breaks_and_no_way_home() -> None:
    problem = a_day([], [a_shift(1, breaks=(a_break(30, 8, 16),))])
    idle = Stop(None, 0, at(9), at(9), at(9.5), 0, 0)
    at_home = Route(shift_id(1), nurse_id(1), (), at(8), at(8), 0, 0, Price())

    assert _rules(problem, Plan((at_home,), (), Price())) == set()
    assert "breaks" in _rules(problem, Plan((replace(at_home, stops=(idle,)),), (), Price()))
    assert "travel" in _rules(problem, Plan((replace(at_home, home_s=60),), (), Price()))


def test_a_break_that_has_begun_stands_as_it_was_and_is_not_due_again() -> None:
    shift = a_shift(1, breaks=(a_break(30, 8, 16),))
    begun = Begun(shift.id, (BegunBreak(0, at(8), at(8.5)),))
    had = Stop(None, 0, at(8), at(8), at(8.5), 0, 0, begun=True)
    problem = a_day([a_visit(1, 1)], [shift], begun=(begun,), now=at(8.5))
    again = Stop(None, 0, _minute(60), _minute(60), _minute(90), 0, 0)
    price = replace(_GO_AND_BACK, shift_used=0)

    assert _rules(problem, _fresh_route(at(8), (had, _stop(1, 40)), _minute(70), price)) == set()
    assert "breaks" in _rules(problem, _fresh_route(at(8), (had, _stop(1, 40), again), _minute(100), price))
    assert "begun" in _rules(problem, _fresh_route(at(8), (replace(had, start=at(8) + 1), _stop(1, 40)), 0, price))


def test_begun_work_is_not_held_against_the_rules() -> None:
    visit = a_visit(1, 1, (20, 21), skills=frozenset({"draw"}))
    shift = a_shift(1, hours=(8, 8.5))
    begun = Begun(shift.id, (BegunVisit(visit.id, _minute(10), _minute(10), _minute(90)),))
    price = Price(driving_time=500, driving_distance=252)
    stop = _stop(1, 10, minutes=80, begun=True)
    problem = a_day([visit], [shift], begun=(begun,), now=_minute(90))

    assert _rules(problem, _fresh_route(_minute(0), (stop,), _minute(100), price)) == set()
