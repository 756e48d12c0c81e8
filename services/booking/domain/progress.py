"""What becomes of a visit: facts about each of its days, folded from events, and the one status they add up to."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pydantic import AwareDatetime

from shared.events.ids import NurseId, NurseRef, ShiftId
from shared.events.values import TimeWindow, Value


class BookingStatus(StrEnum):
    """FHIR Appointment.status, of which a booking takes these."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"


class Step(StrEnum):
    """How far the nurse has come with a visit."""

    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    DONE = "done"
    MISSED = "missed"


BEGUN = frozenset({Step.EN_ROUTE, Step.ARRIVED, Step.DONE, Step.MISSED})
"""From here on the visit is as it is: no wish can change it any more."""


class Assignment(Value):
    """Who comes, and when."""

    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    arrival: AwareDatetime
    start: AwareDatetime
    end: AwareDatetime


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is known of a visit on one date.

    Attributes:
        seen: version of the day's newest event about the visit; older ones, and repeated ones, change nothing.
        at: when the step was taken.
        miss_reason: code, of a visit that could not be done.
    """

    seen: int = 0
    assignment: Assignment | None = None
    step: Step | None = None
    at: dt.datetime | None = None
    miss_reason: str | None = None


def assigned(facts: DayFacts, seen: int, assignment: Assignment) -> DayFacts:
    """The visit has a nurse; a new one has accepted nothing yet."""
    kept = facts.assignment is not None and facts.assignment.shift_id == assignment.shift_id
    if kept or facts.step in BEGUN:
        return replace(facts, seen=seen, assignment=assignment)
    return DayFacts(seen=seen, assignment=assignment)


def withdrawn(facts: DayFacts, seen: int, shift_id: ShiftId) -> DayFacts:
    """The visit has lost this nurse, unless it has another by now or has begun."""
    if facts.assignment is None or facts.assignment.shift_id != shift_id or facts.step in BEGUN:
        return replace(facts, seen=seen)
    return DayFacts(seen=seen)


def stepped(facts: DayFacts, seen: int, step: Step, at: dt.datetime, miss_reason: str | None = None) -> DayFacts:
    """The nurse has come a step further."""
    return replace(facts, seen=seen, step=step, at=at, miss_reason=miss_reason)


def status_of(
    *, cancelled: bool, unresolved: bool, windows: Sequence[TimeWindow], days: Iterable[DayFacts]
) -> BookingStatus:
    """Return the one status that a visit's facts add up to; what has happened outweighs what was planned."""
    days = list(days)
    steps = {facts.step for facts in days}
    if Step.DONE in steps:
        return BookingStatus.FULFILLED
    if cancelled:
        return BookingStatus.CANCELLED
    if Step.ARRIVED in steps:
        return BookingStatus.ARRIVED
    if Step.MISSED in steps:
        return BookingStatus.NOSHOW
    if unresolved:
        return BookingStatus.PENDING
    booked = any(stands(windows, facts) for facts in days)
    return BookingStatus.BOOKED if booked else BookingStatus.PROPOSED


def stands(windows: Sequence[TimeWindow], facts: DayFacts) -> Assignment | None:
    """Return a day's assignment, if the visit is really to take place by it.

    After a reschedule the old assignment no longer stands, though its withdrawal is still under way: its time lies in
    no window any more. A visit that has begun stands wherever it lies.
    """
    planned = facts.assignment
    if planned is None:
        return None
    wished = any(window.start <= planned.start and planned.end <= window.end for window in windows)
    return planned if wished or facts.step in BEGUN else None
