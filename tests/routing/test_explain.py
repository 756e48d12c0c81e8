"""Each reason with the smallest day in which it holds; then random days in which every stated reason is tried out."""

from collections import Counter

import pytest

from services.routing.domain.explain import explain
from services.routing.domain.plan import Reason, Route, Unassigned
from services.routing.domain.problem import UNREACHABLE, Problem, Shift, Travel, Visit
from services.routing.domain.schedule import Scheduler
from services.routing.solver.effort import Effort
from services.routing.solver.planner import plan
from tests.routing.days import (
    HOUR,
    MINUTE,
    Sizes,
    a_break,
    a_day,
    a_shift,
    a_visit,
    at,
    line_travel,
    nurse_id,
    random_day,
)


def _why(problem: Problem) -> Unassigned:
    """Return why the last visit is left out when the nurses do the others in the order given."""
    scheduler = Scheduler(problem)
    others = [visit.id for visit in problem.visits[:-1]]
    routes = {shift.id: scheduler.rest(shift.id) for shift in problem.shifts}
    if others:
        route = scheduler.schedule(problem.shifts[0].id, others)
        assert isinstance(route, Route)
        routes[problem.shifts[0].id] = route
    return explain(scheduler, routes, problem.visits[-1])


def test_without_any_shift_there_is_nobody_to_do_it() -> None:
    why = _why(a_day([a_visit(1, 1)], []))

    assert (why.reason, why.explanation) == (Reason.NO_SKILL, "There is no shift.")


def test_no_skill() -> None:
    shifts = [a_shift(1, skills=frozenset({"draw"})), a_shift(2, skills=frozenset({"inject"}))]
    why = _why(a_day([a_visit(1, 1, skills=frozenset({"inject", "draw"}))], shifts))

    assert (why.reason, why.facts) == (Reason.NO_SKILL, {"skills": ("draw", "inject")})
    assert why.explanation == "No nurse on shift has all it needs: draw, inject."


def test_no_licence() -> None:
    visit = a_visit(1, 1, licence_options=(frozenset({"RN", "LVN"}), frozenset({"RN"})), state="OH")
    why = _why(a_day([visit], [a_shift(1, licences=frozenset({"RN:PA", "LVN:OH"}))]))

    assert why.reason is Reason.NO_LICENCE
    assert why.explanation == "No nurse on shift with the skills is licensed in OH as LVN or RN and RN."


def test_excluded() -> None:
    why = _why(a_day([a_visit(1, 1, excluded_nurses=frozenset({nurse_id(1)}))], [a_shift(1)]))

    assert (why.reason, why.facts) == (Reason.EXCLUDED, {"nurses": 1})


@pytest.mark.parametrize(
    ("window", "now"), [((6, 7.9), 0), ((7, 8.3), 0), ((15.7, 20), 0), ((8, 9), at(8.7)), ((10, 10.3), 0)]
)
def test_outside_shifts(window: tuple[float, float], now: int) -> None:
    why = _why(a_day([a_visit(1, 1, window)], [a_shift(1)], now=now))

    assert (why.reason, why.facts["minutes"]) == (Reason.OUTSIDE_SHIFTS, 20)


@pytest.mark.parametrize("leg", [(0, 1), (1, 0)])
def test_unreachable(leg: tuple[int, int]) -> None:
    travel: Travel = line_travel(6)
    travel.seconds[leg] = travel.metres[leg] = UNREACHABLE

    assert _why(a_day([a_visit(1, 1)], [a_shift(1)], travel)).reason is Reason.UNREACHABLE


@pytest.mark.parametrize(
    "shift",
    [
        a_shift(1, hours=(8, 9.9)),
        a_shift(1, breaks=(a_break(120, 8, 10.2),)),
        a_shift(1, max_duty_s=HOUR),
    ],
)
def test_no_time_even_alone(shift: Shift) -> None:
    why = _why(a_day([a_visit(1, 5, (8, 10))], [shift]))

    assert (why.reason, why.facts) == (Reason.NO_TIME, {"nurses": 1})
    assert "even with nothing else to do" in why.explanation


def test_no_room_beside_the_others() -> None:
    visits = [a_visit(1, 1, (8, 9), duration_s=40 * MINUTE), a_visit(2, 1, (8, 9))]
    why = _why(a_day(visits, [a_shift(1)]))

    assert (why.reason, why.explanation) == (
        Reason.NO_ROOM,
        "The nurse who may do it has no room for it in the route as it is.",
    )


def test_not_worth_its_price() -> None:
    why = _why(a_day([a_visit(1, 1, leave_out_price=2504)], [a_shift(1)]))

    assert (why.reason, why.facts) == (Reason.NOT_WORTH, {"extra_cents": 2504, "leave_out_cents": 2504})
    assert why.explanation == "It fits, but would cost 25.04 more, and leaving it out is priced at 25.04."


def _able(problem: Problem, visit: Visit) -> list[list[Shift]]:
    """Return the shifts left after asking for the skills, then the licences, then the patient's exclusions."""
    skilled = [shift for shift in problem.shifts if all(skill in shift.skills for skill in visit.skills)]
    licensed = [
        shift
        for shift in skilled
        if all(any(f"{kind}:{visit.state}" in shift.licences for kind in kinds) for kinds in visit.licence_options)
    ]
    return [skilled, licensed, [shift for shift in licensed if shift.nurse_id not in visit.excluded_nurses]]


def _extras(problem: Problem, routes: dict[Shift, Route], visit: Visit, shifts: list[Shift]) -> list[int]:
    """Return what each place that takes the visit would cost."""
    scheduler = Scheduler(problem)
    extras = []
    for shift in shifts:
        before = routes[shift]
        for position in range(len(before.planned) + 1):
            order = (*before.planned[:position], visit.id, *before.planned[position:])
            tried = scheduler.schedule(shift.id, order)
            if isinstance(tried, Route):
                extras.append(tried.price.total - before.price.total)
    return extras


def _holds(problem: Problem, routes: dict[Shift, Route], left: Unassigned) -> bool:
    visit = problem.visit[left.visit_id]
    skilled, licensed, wanted = _able(problem, visit)
    extras = _extras(problem, routes, visit, wanted)
    alone = _extras(problem, {s: Scheduler(problem).rest(s.id) for s in wanted}, visit, wanted)
    in_hours = any(
        max(shift.start, window.opens) + visit.duration_s <= min(shift.end, window.closes)
        for shift in wanted
        for window in visit.windows
    )
    least = min(extras, default=-1)
    truth = {
        Reason.NO_SKILL: not skilled,
        Reason.NO_LICENCE: bool(skilled) and not licensed,
        Reason.EXCLUDED: bool(licensed) and not wanted,
        Reason.OUTSIDE_SHIFTS: bool(wanted) and not in_hours,
        Reason.NO_TIME: in_hours and not alone,
        Reason.NO_ROOM: bool(alone) and not extras,
        Reason.NOT_WORTH: left.facts.get("extra_cents") == least >= problem.leave_out_price(visit),
    }
    return truth[left.reason]


@pytest.mark.parametrize("seed", range(6))
def test_every_reason_given_on_a_random_day_is_true(seed: int) -> None:
    problem = random_day(Sizes(45, 3, tight=True), seed)
    made = plan(problem, Effort(rounds=1), seed).plan
    routes = dict(zip(problem.shifts, made.routes, strict=True))

    assert made.unassigned
    for left in made.unassigned:
        assert _holds(problem, routes, left), left


def test_the_random_days_show_most_of_the_reasons() -> None:
    seen: Counter[Reason] = Counter()
    for seed in range(12):
        made = plan(random_day(Sizes(30, 2, tight=True), seed), Effort(rounds=0), seed).plan
        seen.update(left.reason for left in made.unassigned)

    assert {Reason.NO_SKILL, Reason.NO_LICENCE, Reason.OUTSIDE_SHIFTS, Reason.NO_ROOM} <= set(seen)
