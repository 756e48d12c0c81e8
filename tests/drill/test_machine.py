"""A state machine drives the real rooms step by step: late, repeated, reordered or broken off, the invariants hold."""

import asyncio
from collections.abc import Coroutine
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store import requests
from services.routing.store.models import PlanRequestRow
from services.routing.store.requests import Leased
from tests.drill.checker import check
from tests.drill.little_house import LANES, ROOMS, SPEAKERS, Crash, LittleHouse

DAYS = st.integers(0, 2)
ANY = st.integers(0, 30)
CRASHES = st.sampled_from([Crash.NONE, Crash.NONE, Crash.NONE, Crash.BEFORE_COMMIT, Crash.AFTER_COMMIT])


class Rounds(RuleBasedStateMachine):
    """Bookings, changes, cancellations, plans and acts; deliveries in any order, some of them twice."""

    folder: ClassVar[Path]
    runner: ClassVar[asyncio.Runner]
    examples: ClassVar[int] = 0

    @initialize()
    def open(self) -> None:
        type(self).examples += 1
        self.house = LittleHouse(self.folder / str(self.examples))
        self._do(self.house.open())

    @rule(day=DAYS)
    def somebody_books(self, day: int) -> None:
        self._do(self.house.book(day))

    @rule(which=ANY)
    def a_booking_is_repeated(self, which: int) -> None:
        self._do(self.house.repeat(which))

    @rule(which=ANY, day=DAYS)
    def a_booking_is_moved(self, which: int, day: int) -> None:
        self._do(self.house.move(which, day))

    @rule(which=ANY)
    def a_booking_is_called_off(self, which: int) -> None:
        self._do(self.house.cancel(which))

    @rule(room=st.sampled_from(SPEAKERS), crash=CRASHES)
    def a_relay_works(self, room: str, crash: Crash) -> None:
        """Publish; or die before the send, or between the acknowledgement and the mark."""
        self._do(self.house.relay(room, crash))

    @rule(room=st.sampled_from(ROOMS), lane=st.integers(0, LANES - 1), count=st.integers(1, 9), crash=CRASHES)
    def records_arrive(self, room: str, lane: int, count: int, crash: Crash) -> None:
        """Handle the next records of a lane; or die before the commit, or between the commit and the offset."""
        self._do(self.house.deliver(room, lane, count, crash))

    @rule()
    def addresses_are_found(self) -> None:
        self._do(self.house.locate())

    @rule()
    def days_are_planned(self) -> None:
        self._do(self.house.plan())

    @rule()
    def a_plan_comes_late(self) -> None:
        """A worker falls asleep over its result until its lease is over and another has planned the day."""
        self._do(self.house.plan_late())

    @rule(which=ANY)
    def a_nurse_goes_on(self, which: int) -> None:
        self._do(self.house.act(which))

    @rule()
    def everything_flows(self) -> None:
        self._do(self.house.flow(rounds=1))

    @invariant()
    def nothing_is_out_of_order(self) -> None:
        if hasattr(self, "house"):
            self._hold(at_rest=False)

    def teardown(self) -> None:
        if hasattr(self, "house"):
            self._do(self.house.flow(rounds=12))
            self._hold(at_rest=True)
            self._do(self.house.close())

    def _hold(self, *, at_rest: bool) -> None:
        history = self._do(self.house.history(at_rest=at_rest))
        late = () if at_rest else ("I4", "I7", "I3 ")
        wrong = [found.sentence for found in check(history) if found.invariant not in late]
        assert wrong == []

    def _do[T](self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


def test_the_invariants_hold_in_whatever_order_things_come(tmp_path: Path) -> None:
    with asyncio.Runner() as Rounds.runner:
        Rounds.folder = tmp_path
        run_state_machine_as_test(
            Rounds,
            settings=settings(
                max_examples=12,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],  # a failure is forty steps long; shrinking takes minutes
                suppress_health_check=list(HealthCheck),
            ),
        )


@pytest.mark.parametrize("guarded", [True, False], ids=["with the lease", "control without it"])
async def test_a_late_plan_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, guarded: bool) -> None:
    async def never_lost(session: AsyncSession, leased: Leased, _now: object) -> PlanRequestRow | None:
        return await session.get(PlanRequestRow, (leased.area_id, leased.date))

    if not guarded:
        monkeypatch.setattr(requests, "held", never_lost)
    house = LittleHouse(tmp_path)
    await house.open()
    await house.flow(rounds=2)
    await house.book(day=1)
    for room, lane in product((*ROOMS, *ROOMS), range(LANES)):
        await house.relay(room, Crash.NONE)
        await house.deliver(room, lane, 100)
        await house.locate()
    await house.plan_late()
    await house.relay("routing", Crash.NONE)
    found = {violation.invariant for violation in check(await house.history(at_rest=False))}
    await house.close()
    assert ("I6" in found) is not guarded
