"""The live day: what each nurse was given, and how far she has come with it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from shared.events.ids import AreaId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.routing import Route
from shared.events.values import Stop

UNNUMBERED = 0
"""The aggregate version of an event that was decided but not yet written: the store numbers it."""


class Progress(StrEnum):
    """How far a nurse has come with a visit."""

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    DONE = "done"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"


class TaskStatus(StrEnum):
    """FHIR Task.status, of which an assignment takes these."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


TASK_STATUS = {
    Progress.ASSIGNED: TaskStatus.REQUESTED,
    Progress.ACCEPTED: TaskStatus.ACCEPTED,
    Progress.EN_ROUTE: TaskStatus.IN_PROGRESS,
    Progress.ARRIVED: TaskStatus.IN_PROGRESS,
    Progress.DONE: TaskStatus.COMPLETED,
    Progress.MISSED: TaskStatus.FAILED,
    Progress.WITHDRAWN: TaskStatus.CANCELLED,
}

OPEN = frozenset({Progress.ASSIGNED, Progress.ACCEPTED})
"""A plan may still move it or take it away."""
UNDER_WAY = frozenset({Progress.EN_ROUTE, Progress.ARRIVED})
"""The nurse is on the road to it or at the door; one visit of a nurse at a time."""
FROZEN = UNDER_WAY | {Progress.DONE}
"""It stays with its nurse and in its place, whatever a plan says."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A visit that stands on a nurse's route.

    Attributes:
        arrival: planned, as last said; so are ``start`` and ``end``.
        accepted_at: when the nurse said so; so are the other ``_at``.
    """

    visit_id: VisitId
    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    area_id: AreaId
    date: dt.date
    arrival: dt.datetime
    start: dt.datetime
    end: dt.datetime
    progress: Progress = Progress.ASSIGNED
    accepted_at: dt.datetime | None = None
    en_route_at: dt.datetime | None = None
    arrived_at: dt.datetime | None = None
    done_at: dt.datetime | None = None
    missed_at: dt.datetime | None = None
    miss_reason: str | None = None

    @property
    def last_at(self) -> dt.datetime | None:
        """When the nurse's last act on it was."""
        times = (self.accepted_at, self.en_route_at, self.arrived_at, self.done_at, self.missed_at)
        return max((time for time in times if time), default=None)


@dataclass(frozen=True)
class Day:
    """One area's date as dispatch knows it.

    Attributes:
        plan_version: of the plan in force; 0 before the first.
        open_shifts: the shifts that will be worked.
        routes: as last handed out, by shift.
        assignments: the standing assignment of each visit that has one: on this day, and on other days those of
            visits that are being looked at.
        cancelled: visits that are off.
        disputed: visits about which the plan in force contradicts what has begun or was closed.
        elsewhere: versions of the plans in force on the other days that ``assignments`` lie on.
    """

    area_id: AreaId
    date: dt.date
    plan_version: int = 0
    open_shifts: frozenset[ShiftId] = frozenset()
    routes: Mapping[ShiftId, Route] = field(default_factory=dict)
    assignments: Mapping[VisitId, Assignment] = field(default_factory=dict)
    cancelled: frozenset[VisitId] = frozenset()
    disputed: frozenset[VisitId] = frozenset()
    elsewhere: Mapping[tuple[AreaId, dt.date], int] = field(default_factory=dict)

    def holds(self, assignment: Assignment) -> bool:
        """Tell whether an assignment is on this day."""
        return (assignment.area_id, assignment.date) == (self.area_id, self.date)

    @cached_property
    def on_shift(self) -> Mapping[ShiftId, tuple[Assignment, ...]]:
        """The standing assignments by shift."""
        found: dict[ShiftId, list[Assignment]] = {}
        for assignment in self.assignments.values():
            found.setdefault(assignment.shift_id, []).append(assignment)
        return {shift_id: tuple(mine) for shift_id, mine in found.items()}


def frozen_on(day: Day, shift_id: ShiftId) -> list[Assignment]:
    """Return what has begun on a shift and cannot be moved, in the order in which it began."""
    frozen = [assignment for assignment in day.on_shift.get(shift_id, ()) if assignment.progress in FROZEN]
    return sorted(frozen, key=lambda assignment: (assignment.en_route_at or assignment.start, assignment.start))


def may_stand(day: Day, shift_id: ShiftId, stop: Stop) -> bool:
    """Tell whether a planned stop may be handed out on a shift: begun or missed only where it was, else if it is on."""
    standing = day.assignments.get(stop.visit_id) if stop.visit_id else None
    if standing and standing.progress not in OPEN:
        return standing.shift_id == shift_id
    return shift_id in day.open_shifts and stop.visit_id not in day.cancelled
