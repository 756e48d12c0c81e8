"""What becomes of a visit: facts folded from a day's events, and the one status they add up to."""

import datetime as dt
from uuid import UUID

import pytest

from services.booking.domain.progress import (
    Assignment,
    BookingStatus,
    DayFacts,
    Step,
    assigned,
    status_of,
    stepped,
    withdrawn,
)
from shared.events.ids import NurseId, NurseRef, ShiftId
from shared.events.values import TimeWindow

NINE = dt.datetime(2030, 5, 6, 13, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
WINDOWS = [TimeWindow(start=NINE, end=NINE + 3 * HOUR)]
FIRST, SECOND = ShiftId(UUID(int=1)), ShiftId(UUID(int=2))


def assignment(shift_id: ShiftId = FIRST, start: dt.datetime = NINE) -> Assignment:
    return Assignment(
        shift_id=shift_id,
        nurse_id=NurseId(UUID(int=9)),
        nurse_ref=NurseRef("N09"),
        arrival=start,
        start=start,
        end=start + HOUR,
    )


def status(*days: DayFacts, cancelled: bool = False, unresolved: bool = False) -> BookingStatus:
    return status_of(cancelled=cancelled, unresolved=unresolved, windows=WINDOWS, days=days)


BOOKED = DayFacts(1, assignment())
DONE = DayFacts(2, assignment(), Step.DONE, NINE)
MISSED = DayFacts(2, assignment(), Step.MISSED, NINE, "not_home")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (status(), "proposed"),
        (status(unresolved=True), "pending"),
        (status(BOOKED), "booked"),
        (status(DayFacts(2, assignment(), Step.EN_ROUTE)), "booked"),
        (status(DayFacts(2, assignment(), Step.ARRIVED)), "arrived"),
        (status(DONE), "fulfilled"),
        (status(MISSED), "noshow"),
        (status(BOOKED, cancelled=True), "cancelled"),
        (status(BOOKED, unresolved=True), "pending"),
        (status(DONE, cancelled=True), "fulfilled"),
        (status(MISSED, cancelled=True), "cancelled"),
        (status(DayFacts(), BOOKED), "booked"),
    ],
)
def test_what_has_happened_outweighs_what_was_planned(found: BookingStatus, expected: str) -> None:
    assert found.value == expected


def test_an_assignment_outside_the_wishes_does_not_stand_unless_it_has_begun() -> None:
    before = assignment(start=NINE - 2 * HOUR)
    assert status(DayFacts(1, before)) is BookingStatus.PROPOSED
    assert status(DayFacts(2, before, Step.ARRIVED)) is BookingStatus.ARRIVED
    ends_late = assignment(start=NINE + 2 * HOUR + dt.timedelta(minutes=1))
    assert status(DayFacts(1, ends_late)) is BookingStatus.PROPOSED


def test_a_new_nurse_has_accepted_nothing_yet_and_the_same_one_keeps_her_word() -> None:
    accepted = stepped(BOOKED, 2, Step.ACCEPTED, NINE)
    later = assignment(start=NINE + HOUR)
    assert assigned(accepted, 3, later) == DayFacts(3, later, Step.ACCEPTED, NINE)
    assert assigned(accepted, 3, assignment(SECOND)) == DayFacts(3, assignment(SECOND))


def test_only_the_nurse_who_has_the_visit_can_lose_it() -> None:
    assert withdrawn(BOOKED, 2, FIRST) == DayFacts(2)
    assert withdrawn(BOOKED, 2, SECOND) == DayFacts(2, assignment())
    assert withdrawn(DayFacts(), 2, SECOND) == DayFacts(2)


def test_what_has_begun_is_neither_withdrawn_nor_forgotten() -> None:
    assert withdrawn(DONE, 3, FIRST).step is Step.DONE
    assert assigned(MISSED, 3, assignment(SECOND)).miss_reason == "not_home"
