"""Whatever comes in whatever order, the invariants of the live day hold: I3, I5, I6, I11, and what has begun stays."""

import asyncio
import datetime as dt
from collections.abc import Coroutine
from itertools import count
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.dispatch.domain.day import UNNUMBERED
from shared.events.dispatch import AssignmentWithdrawn, NurseEnRoute, RouteDispatched, VisitAssigned
from shared.events.ids import AreaId, EventId, VisitId
from shared.events.registry import Event
from tests.dispatch.floor import (
    AREA,
    DATE,
    Floor,
    Shift,
    at,
    bare_shift,
    cancelled,
    open_floor,
    planned_events,
    route,
    stop,
    visit,
)
from tests.dispatch.ledger import BrokenInvariantError, Ledger

SHIFTS, VISITS = 2, 4
LEFT_OUT = SHIFTS
ORDERS = st.permutations(range(VISITS))
PLACES = st.lists(st.integers(0, LEFT_OUT), min_size=VISITS, max_size=VISITS)
ACTS = ["accept", "en_route", "arrived", "done", "missed"]
NEXT = {"assigned": "en_route", "accepted": "en_route", "en_route": "arrived", "arrived": "done"}


class Bench:
    """One room for all examples; each example has a date, nurses and visits of its own."""

    def __init__(self, floor: Floor, runner: asyncio.Runner) -> None:
        self.floor = floor
        self._runner = runner
        self.examples = count()

    def run[T](self, work: Coroutine[None, None, T]) -> T:
        """Do something in the room."""
        return self._runner.run(work)


class LiveDay(RuleBasedStateMachine):
    """Plans good and bad, acts by anyone, cancellations and closed shifts, in any order."""

    bench: ClassVar[Bench]

    def __init__(self) -> None:
        super().__init__()
        self.floor = self.bench.floor
        self.ledger = Ledger()
        self.progress: dict[VisitId, str] = {}

    @initialize()
    def open_the_day(self) -> None:
        number = next(self.bench.examples)
        self.date = DATE + dt.timedelta(days=number)
        self.visits = [visit(number * VISITS + place + 1) for place in range(VISITS)]
        times = {"start": f"{self.date}T08:00:00-04:00", "end": f"{self.date}T16:00:00-04:00"}
        self.shifts = [self.bench.run(self.floor.shift(f"N{number:04}-{place}", **times)) for place in range(SHIFTS)]
        self.bench.run(self.floor.said())

    @rule(order=ORDERS, places=PLACES, minutes=st.integers(0, 3), stale=st.sampled_from([False, False, False, True]))
    def a_plan_comes(self, order: list[int], places: list[int], minutes: int, stale: bool) -> None:  # noqa: FBT001
        """Visits on any shifts in any order, whatever has begun; now and then a plan that is superseded already."""
        version = self.ledger.plan_version + (0 if stale else 1)
        self.ledger.plan_version = version
        mine: dict[int, list[VisitId]] = {}
        for visit_place in order:
            if places[visit_place] != LEFT_OUT:
                mine.setdefault(places[visit_place], []).append(self.visits[visit_place])
        routes = [
            route(self.shifts[place], *(stop(visit_id, minutes + 40 * n) for n, visit_id in enumerate(visits)))
            for place, visits in mine.items()
        ]
        said = self._answers(*planned_events(version, routes, date=self.date))
        if stale and said:
            raise BrokenInvariantError("I6: something was handed out from a superseded plan")

    @rule(visit_place=st.integers(0, VISITS - 1))
    def a_nurse_goes_on(self, visit_place: int) -> None:
        """Who has a visit takes its next step, if she may."""
        visit_id = self.visits[visit_place]
        for shift in self.shifts:
            if self.ledger.holder.get(visit_id) == shift.shift_id:
                self._act(shift, visit_id, NEXT.get(self.progress.get(visit_id, "assigned"), "done"))

    @rule(visit_place=st.integers(0, VISITS - 1), shift_place=st.integers(0, SHIFTS - 1), act=st.sampled_from(ACTS))
    def someone_says_something(self, visit_place: int, shift_place: int, act: str) -> None:
        """Any nurse says anything about any visit; what she may not say is refused."""
        self._act(self.shifts[shift_place], self.visits[visit_place], act)

    @rule(visit_place=st.integers(0, VISITS - 1))
    def a_visit_is_cancelled(self, visit_place: int) -> None:
        visit_id = self.visits[visit_place]
        self._answers(cancelled(visit_id))
        self.ledger.cancelled.add(visit_id)

    @rule(shift_place=st.integers(0, SHIFTS - 1))
    @precondition(lambda self: self.ledger.plan_version > 2)
    def a_shift_is_closed(self, shift_place: int) -> None:
        self.bench.run(self.floor.post(f"/v1/shifts/{self.shifts[shift_place].shift_id}/close"))
        self._listen()

    @invariant()
    def routes_and_assignments_tell_the_same_day(self) -> None:
        self.ledger.settle()

    def _act(self, shift: Shift, visit_id: VisitId, act: str) -> None:
        reason = "other" if act == "missed" else None
        reply = self.bench.run(self.floor.act(shift, visit_id, act, reason=reason))
        assert reply.status_code in (200, 404, 409), reply.text
        if reply.status_code == 200:
            self.progress[visit_id] = reply.json()["business_status"]
        self._listen()

    def _answers(self, *events: Event) -> list[Event]:
        self.bench.run(self.floor.hear(*events))
        return self._listen()

    def _listen(self) -> list[Event]:
        said = self.bench.run(self.floor.said())
        for event in said:
            if isinstance(event, VisitAssigned):
                self.progress.setdefault(event.visit_id, "assigned")
            if isinstance(event, AssignmentWithdrawn):
                self.progress.pop(event.visit_id, None)
            if event.key() == f"{AREA}:{self.date}":
                self.ledger.hear(event)
        return said


def test_the_invariants_hold_whatever_comes(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        opening = open_floor(tmp_path)
        LiveDay.bench = Bench(runner.run(opening.__aenter__()), runner)
        try:
            run_state_machine_as_test(
                LiveDay,
                settings=settings(
                    max_examples=25,
                    stateful_step_count=20,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    phases=[
                        Phase.generate
                    ],  # a failure is twenty steps long: short enough, and shrinking takes minutes
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(opening.__aexit__(None, None, None))


ANN, BEA = bare_shift(1), bare_shift(2)


def assigned(shift: Shift, version: int = 1) -> VisitAssigned:
    planned = stop(visit(1), 10)
    return VisitAssigned(
        aggregate_version=UNNUMBERED,
        area_id=AREA,
        date=DATE,
        plan_version=version,
        visit_id=visit(1),
        shift_id=shift.shift_id,
        nurse_id=shift.nurse_id,
        nurse_ref=shift.nurse_ref,
        arrival=planned.arrival,
        start=planned.start,
        end=planned.end,
    )


def handed_out(shift: Shift, *numbers: int, version: int = 1) -> RouteDispatched:
    stops = [stop(visit(number), 10 + 40 * place) for place, number in enumerate(numbers)]
    return RouteDispatched(
        aggregate_version=UNNUMBERED, area_id=AREA, date=DATE, plan_version=version, route=route(shift, *stops)
    )


def en_route(shift: Shift, number: int) -> NurseEnRoute:
    return NurseEnRoute(
        aggregate_version=UNNUMBERED,
        area_id=AreaId(AREA),
        date=DATE,
        act_id=EventId(UUID(int=number)),
        visit_id=visit(number),
        shift_id=shift.shift_id,
        nurse_id=shift.nurse_id,
        at=at(5),
    )


BROKEN: dict[str, list[Event]] = {
    "I5: visit .* has two nurses": [assigned(ANN), assigned(BEA)],
    "I6: an assignment from a superseded plan": [assigned(ANN, version=0)],
    "I6: a route from a superseded plan": [handed_out(ANN, 1, version=0)],
    "I11: a cancelled visit is on a route": [handed_out(ANN, 9)],
    "a visit is twice on a route": [handed_out(ANN, 1, 1)],
    "an act on a visit that is not hers": [assigned(ANN), en_route(BEA, 1)],
    "what has begun is not in front": [assigned(ANN), en_route(ANN, 1), handed_out(ANN, 2, 1)],
    "is not on its nurse's route alone": [assigned(ANN), handed_out(BEA, 1)],
}


@pytest.mark.parametrize("complaint", BROKEN)
def test_the_ledger_sees_what_is_broken(complaint: str) -> None:
    with pytest.raises(BrokenInvariantError, match=complaint):
        listen(BROKEN[complaint])


def listen(events: list[Event]) -> None:
    ledger = Ledger(plan_version=1, cancelled={visit(9)})
    for number, event in enumerate(events, start=1):
        ledger.hear(event.model_copy(update={"aggregate_version": number}))
    ledger.settle()


def test_the_ledger_sees_a_gap_in_the_versions() -> None:
    with pytest.raises(BrokenInvariantError, match="I3"):
        Ledger(plan_version=1).hear(assigned(ANN).model_copy(update={"aggregate_version": 2}))
