"""What a plan changes on the live day, rule by rule."""

import datetime as dt
from dataclasses import replace

import pytest

from services.dispatch.domain.day import Assignment, Day, Progress
from services.dispatch.domain.plans import Plan, apply_plan
from services.dispatch.domain.withdrawals import cancel_visit, close_shift
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
from tests.dispatch.floor import AREA, DATE, Shift, at, bare_shift, route, stop, visit

ANN, BEA = bare_shift(1), bare_shift(2)
ONE, TWO, THREE = visit(1), visit(2), visit(3)


def assigned(shift: Shift, planned: Stop, progress: Progress = Progress.ASSIGNED) -> Assignment:
    """A standing assignment, told as planned."""
    assert planned.visit_id is not None
    return Assignment(
        visit_id=planned.visit_id,
        shift_id=shift.shift_id,
        nurse_id=shift.nurse_id,
        nurse_ref=shift.nurse_ref,
        area_id=AREA,
        date=DATE,
        arrival=planned.arrival,
        start=planned.start,
        end=planned.end,
        progress=progress,
        en_route_at=None if progress is Progress.ASSIGNED else planned.arrival - dt.timedelta(minutes=10),
    )


def day(*routes: Route, open_shifts: tuple[Shift, ...] = (ANN, BEA), **progress: Progress) -> Day:
    """A day on which version 1 was handed out; ``v1=Progress.DONE`` tells how far a visit has come."""
    shifts = {ANN.shift_id: ANN, BEA.shift_id: BEA}
    standing = [
        assigned(shifts[each.shift_id], planned, progress.get(f"v{planned.visit_id.int}", Progress.ASSIGNED))
        for each in routes
        for planned in each.stops
        if planned.visit_id
    ]
    return Day(
        AREA,
        DATE,
        plan_version=1 if routes else 0,
        open_shifts=frozenset(shift.shift_id for shift in open_shifts),
        routes={each.shift_id: each for each in routes},
        assignments={assignment.visit_id: assignment for assignment in standing},
    )


def told(before: Day, *routes: Route, version: int = 2) -> tuple[Event, ...]:
    return apply_plan(before, Plan(version, routes)).events


def in_short(events: tuple[Event, ...]) -> list[object]:
    """Events by what matters here: kind, who, which."""
    short: list[object] = []
    for event in events:
        match event:
            case VisitAssigned():
                short.append(("assigned", event.visit_id, event.shift_id))
            case AssignmentWithdrawn():
                short.append(("withdrawn", event.visit_id, event.shift_id, event.reason))
            case RouteDispatched():
                short.append(("route", event.route.shift_id, visits_of(event.route)))
            case DayDisrupted():
                short.append(("disrupted", event.disruption, event.visit_ids))
    return short


def visits_of(handed_out: Route) -> list[VisitId]:
    return [each.visit_id for each in handed_out.stops if each.visit_id]


def the_route(events: tuple[Event, ...], shift_id: ShiftId) -> Route:
    (found,) = [
        event.route for event in events if isinstance(event, RouteDispatched) and event.route.shift_id == shift_id
    ]
    return found


def test_a_first_plan_hands_out_every_route_and_visit() -> None:
    planned = route(ANN, stop(ONE, 10), stop(None, 30), stop(TWO, 60))
    events = told(day(), planned, version=1)
    assert in_short(events) == [
        ("route", ANN.shift_id, [ONE, TWO]),
        ("assigned", ONE, ANN.shift_id),
        ("assigned", TWO, ANN.shift_id),
    ]
    assert the_route(events, ANN.shift_id) == planned
    first = events[1]
    assert isinstance(first, VisitAssigned)
    assert (first.plan_version, first.nurse_id, first.nurse_ref) == (1, ANN.nurse_id, "N01")
    assert (first.arrival, first.start, first.end) == (at(10), at(10), at(30))


def test_the_same_routes_again_say_nothing() -> None:
    planned = route(ANN, stop(ONE, 10))
    assert told(day(planned), planned) == ()


@pytest.mark.parametrize("version", [0, 1])
def test_a_plan_that_is_not_newer_says_nothing(version: int) -> None:
    assert told(day(route(ANN, stop(ONE, 10))), route(BEA, stop(TWO, 10)), version=version) == ()


def test_a_visit_that_moves_is_withdrawn_first_and_said_again() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)))
    assert in_short(told(before, route(ANN, stop(TWO, 60)), route(BEA, stop(ONE, 20)))) == [
        ("withdrawn", ONE, ANN.shift_id, WithdrawalReason.REPLANNED),
        ("route", ANN.shift_id, [TWO]),
        ("route", BEA.shift_id, [ONE]),
        ("assigned", ONE, BEA.shift_id),
    ]


def test_a_visit_that_is_in_no_route_any_more_is_withdrawn_as_unassigned() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)))
    assert in_short(told(before, route(ANN, stop(TWO, 60)))) == [
        ("withdrawn", ONE, ANN.shift_id, WithdrawalReason.UNASSIGNED),
        ("route", ANN.shift_id, [TWO]),
    ]


def test_a_route_that_is_gone_is_handed_out_empty() -> None:
    events = told(day(route(ANN, stop(ONE, 10))))
    assert in_short(events) == [
        ("withdrawn", ONE, ANN.shift_id, WithdrawalReason.UNASSIGNED),
        ("route", ANN.shift_id, []),
    ]
    empty = the_route(events, ANN.shift_id)
    assert (empty.departure, empty.back, empty.drive, empty.metres) == (at(0), at(0), dt.timedelta(), 0)


def test_a_route_that_stays_empty_is_not_said_again() -> None:
    assert told(day(route(ANN))) == ()


@pytest.mark.parametrize(("minutes", "said"), [(1.0, False), (1.1, True), (-1.0, False), (-1.1, True)])
def test_a_time_is_said_again_when_it_moves_by_more_than_a_minute(minutes: float, said: bool) -> None:  # noqa: FBT001
    events = told(day(route(ANN, stop(ONE, 10))), route(ANN, stop(ONE, 10 + minutes)))
    assert [type(event) for event in events] == [RouteDispatched, *([VisitAssigned] if said else [])]


def test_small_shifts_of_time_add_up_against_what_was_last_said() -> None:
    before = day(route(ANN, stop(ONE, 10)))
    crept = replace(before, plan_version=2, routes={ANN.shift_id: route(ANN, stop(ONE, 10.8))})
    events = told(crept, route(ANN, stop(ONE, 11.6)), version=3)
    assert [type(event) for event in events] == [RouteDispatched, VisitAssigned]


def test_an_accepted_visit_may_still_move() -> None:
    before = day(route(ANN, stop(ONE, 10)), v1=Progress.ACCEPTED)
    assert in_short(told(before, route(BEA, stop(ONE, 10)))) == [
        ("withdrawn", ONE, ANN.shift_id, WithdrawalReason.REPLANNED),
        ("route", BEA.shift_id, [ONE]),
        ("route", ANN.shift_id, []),
        ("assigned", ONE, BEA.shift_id),
    ]


@pytest.mark.parametrize("progress", [Progress.EN_ROUTE, Progress.ARRIVED, Progress.DONE])
def test_what_has_begun_stays_with_its_nurse_and_disrupts_the_day(progress: Progress) -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)), v1=progress)
    events = told(before, route(ANN, stop(TWO, 60)), route(BEA, stop(ONE, 10), stop(THREE, 40)))
    assert in_short(events) == [
        ("route", ANN.shift_id, [ONE, TWO]),
        ("route", BEA.shift_id, [THREE]),
        ("assigned", THREE, BEA.shift_id),
        ("disrupted", Disruption.FROZEN_CONFLICT, (ONE,)),
    ]


def test_what_is_under_way_and_in_no_route_stays_in_front_and_disrupts_the_day() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)), v1=Progress.EN_ROUTE)
    events = told(before, route(ANN, stop(THREE, 40), stop(TWO, 70)))
    assert in_short(events) == [
        ("route", ANN.shift_id, [ONE, THREE, TWO]),
        ("assigned", THREE, ANN.shift_id),
        ("assigned", TWO, ANN.shift_id),
        ("disrupted", Disruption.FROZEN_CONFLICT, (ONE,)),
    ]


def test_what_is_done_may_be_left_out_of_a_plan_and_stays_in_the_route() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)), v1=Progress.DONE)
    assert in_short(told(before, route(ANN, stop(TWO, 65)))) == [
        ("route", ANN.shift_id, [ONE, TWO]),
        ("assigned", TWO, ANN.shift_id),
    ]


def test_what_has_begun_goes_before_what_a_plan_puts_in_front_of_it() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)), v1=Progress.ARRIVED)
    events = told(before, route(ANN, stop(THREE, 5), stop(ONE, 30), stop(TWO, 60)))
    assert in_short(events) == [
        ("route", ANN.shift_id, [ONE, THREE, TWO]),
        ("assigned", THREE, ANN.shift_id),
        ("disrupted", Disruption.FROZEN_CONFLICT, (ONE,)),
    ]


def test_the_planned_times_of_what_has_begun_are_not_said_again() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)), v1=Progress.ARRIVED)
    late = route(ANN, stop(ONE, 25), stop(TWO, 60))
    assert in_short(told(before, late)) == [("route", ANN.shift_id, [ONE, TWO])]


def test_a_visit_that_was_missed_is_not_given_to_anyone_else() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60)), v1=Progress.MISSED)
    events = told(before, route(ANN, stop(TWO, 60)), route(BEA, stop(ONE, 100)))
    assert in_short(events) == [("route", ANN.shift_id, [TWO])]


def test_a_missed_visit_may_stay_in_its_own_route() -> None:
    given = route(ANN, stop(ONE, 10), stop(TWO, 60))
    assert told(day(given, v1=Progress.MISSED), given) == ()


def test_a_cancelled_visit_is_left_out_of_its_route() -> None:
    before = replace(day(), cancelled=frozenset({ONE}))
    assert in_short(told(before, route(ANN, stop(ONE, 10), stop(TWO, 60)), version=1)) == [
        ("route", ANN.shift_id, [TWO]),
        ("assigned", TWO, ANN.shift_id),
    ]


def test_visits_planned_on_a_closed_shift_are_not_handed_out_and_disrupt_the_day() -> None:
    before = day(open_shifts=(BEA,))
    assert in_short(told(before, route(ANN, stop(ONE, 10)), route(BEA, stop(TWO, 10)), version=1)) == [
        ("route", BEA.shift_id, [TWO]),
        ("assigned", TWO, BEA.shift_id),
        ("disrupted", Disruption.SHIFT_CLOSED, (ONE,)),
    ]


def test_the_same_contradiction_disrupts_the_day_once() -> None:
    before = day(route(ANN, stop(ONE, 10)), v1=Progress.EN_ROUTE)
    first = apply_plan(before, Plan(2, (route(BEA, stop(ONE, 10)),)))
    assert first.disputed == {ONE}
    again = apply_plan(replace(before, plan_version=2, disputed=first.disputed), Plan(3, (route(BEA, stop(ONE, 12)),)))
    assert again.events == ()
    settled = apply_plan(
        replace(before, plan_version=3, disputed=again.disputed), Plan(4, (route(ANN, stop(ONE, 10)),))
    )
    assert settled.disputed == frozenset()


def test_a_visit_that_comes_from_another_day_is_withdrawn_there_and_that_day_is_planned_anew() -> None:
    yesterday = DATE - dt.timedelta(days=1)
    elsewhere = replace(assigned(BEA, stop(ONE, 10)), date=yesterday)
    before = replace(day(), assignments={ONE: elsewhere}, elsewhere={(AREA, yesterday): 7})
    events = told(before, route(ANN, stop(ONE, 10)), version=1)
    assert in_short(events) == [
        ("withdrawn", ONE, BEA.shift_id, WithdrawalReason.REPLANNED),
        ("route", ANN.shift_id, [ONE]),
        ("assigned", ONE, ANN.shift_id),
        ("disrupted", Disruption.VISIT_MOVED, (ONE,)),
    ]
    assert [(event.date, event.plan_version) for event in events if isinstance(event, DayDisrupted)] == [(yesterday, 7)]
    assert [event.date for event in events if isinstance(event, AssignmentWithdrawn)] == [yesterday]


def test_a_visit_of_another_day_that_this_plan_does_not_have_is_left_alone() -> None:
    elsewhere = replace(assigned(BEA, stop(ONE, 10)), date=DATE - dt.timedelta(days=1))
    before = replace(day(), assignments={ONE: elsewhere})
    assert in_short(told(before, route(ANN, stop(TWO, 10)), version=1)) == [
        ("route", ANN.shift_id, [TWO]),
        ("assigned", TWO, ANN.shift_id),
    ]


def test_a_plan_that_has_a_visit_twice_is_poison() -> None:
    with pytest.raises(PoisonError, match="has one visit twice"):
        Plan(1, (route(ANN, stop(ONE, 10)), route(BEA, stop(ONE, 10))))


@pytest.mark.parametrize("progress", [Progress.ASSIGNED, Progress.ACCEPTED, Progress.EN_ROUTE])
def test_a_cancelled_visit_is_taken_back_from_a_nurse_who_is_not_yet_there(progress: Progress) -> None:
    events = cancel_visit(assigned(ANN, stop(ONE, 10), progress))
    assert in_short(events) == [("withdrawn", ONE, ANN.shift_id, WithdrawalReason.CANCELLED)]


@pytest.mark.parametrize("progress", [Progress.ARRIVED, Progress.DONE, Progress.MISSED])
def test_a_cancelled_visit_is_left_to_a_nurse_who_is_at_the_door_or_through(progress: Progress) -> None:
    assert cancel_visit(assigned(ANN, stop(ONE, 10), progress)) == ()


def test_closing_a_shift_takes_back_what_has_not_begun() -> None:
    before = day(route(ANN, stop(ONE, 10), stop(TWO, 60), stop(THREE, 90)), v1=Progress.ARRIVED)
    assert in_short(close_shift(before, ANN.shift_id)) == [
        ("withdrawn", TWO, ANN.shift_id, WithdrawalReason.UNASSIGNED),
        ("withdrawn", THREE, ANN.shift_id, WithdrawalReason.UNASSIGNED),
        ("route", ANN.shift_id, [ONE]),
        ("disrupted", Disruption.SHIFT_CLOSED, (TWO, THREE)),
    ]


def test_closing_a_shift_that_has_nothing_to_take_back_disrupts_nothing() -> None:
    assert close_shift(day(route(ANN, stop(ONE, 10)), v1=Progress.DONE), ANN.shift_id) == ()
    assert close_shift(day(), BEA.shift_id) == ()


def test_what_has_begun_on_a_closed_shift_stays_without_a_dispute() -> None:
    before = replace(day(route(ANN, stop(ONE, 10)), v1=Progress.ARRIVED, open_shifts=(BEA,)), plan_version=1)
    assert in_short(told(before, route(BEA, stop(TWO, 10)))) == [
        ("route", BEA.shift_id, [TWO]),
        ("assigned", TWO, BEA.shift_id),
    ]
