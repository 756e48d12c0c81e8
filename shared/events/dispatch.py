"""What the dispatch room says: shifts, the routes handed out, and what happens on them."""

import datetime as dt
from enum import StrEnum

from pydantic import AwareDatetime

from shared.events.ids import AreaId, EventId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.registry import Event, event
from shared.events.routing import AreaDayEvent, Route
from shared.events.topics import DAYS, SHIFTS
from shared.events.values import Break, GeoPoint


class ShiftState(Event):
    """All that planning may know of a shift, as of ``aggregate_version``.

    Attributes:
        date: the area's calendar date on which the shift starts.
        skills: what the nurse can do.
        licences: ``kind:state`` pairs (``RN:OH``).
    """

    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    area_id: AreaId
    date: dt.date
    start: AwareDatetime
    end: AwareDatetime
    start_point: GeoPoint
    end_point: GeoPoint
    breaks: tuple[Break, ...] = ()
    skills: tuple[str, ...]
    licences: tuple[str, ...]

    def key(self) -> str:
        """Return the shift's id."""
        return str(self.shift_id)


@event("rounds.dispatch.shift-opened.v1", SHIFTS)
class ShiftOpened(ShiftState):
    """A nurse will work this shift."""


@event("rounds.dispatch.shift-changed.v1", SHIFTS)
class ShiftChanged(ShiftState):
    """The shift's times, places, skills or licences changed; the body is its whole new state."""


@event("rounds.dispatch.shift-closed.v1", SHIFTS)
class ShiftClosed(Event):
    """The nurse will not work this shift."""

    shift_id: ShiftId
    nurse_id: NurseId
    area_id: AreaId
    date: dt.date

    def key(self) -> str:
        """Return the shift's id."""
        return str(self.shift_id)


@event("rounds.dispatch.route-dispatched.v1", DAYS)
class RouteDispatched(AreaDayEvent):
    """A route was handed to its nurse; it replaces what she had for the shift (no stops: it is withdrawn)."""

    plan_version: int
    route: Route


@event("rounds.dispatch.visit-assigned.v1", DAYS)
class VisitAssigned(AreaDayEvent):
    """The visit has a nurse and a time. Said again when either changes; the last one holds."""

    plan_version: int
    visit_id: VisitId
    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    arrival: AwareDatetime
    start: AwareDatetime
    end: AwareDatetime


class WithdrawalReason(StrEnum):
    """Why an assignment ended before the nurse began it."""

    REPLANNED = "replanned"
    CANCELLED = "cancelled"
    UNASSIGNED = "unassigned"


@event("rounds.dispatch.assignment-withdrawn.v1", DAYS)
class AssignmentWithdrawn(AreaDayEvent):
    """The visit no longer has this nurse."""

    visit_id: VisitId
    shift_id: ShiftId
    nurse_id: NurseId
    reason: WithdrawalReason


class ActEvent(AreaDayEvent):
    """Something a nurse did, at the time she did it.

    Attributes:
        act_id: made by the phone, so that a repeated command is one act.
    """

    act_id: EventId
    visit_id: VisitId
    shift_id: ShiftId
    nurse_id: NurseId
    at: AwareDatetime


@event("rounds.dispatch.assignment-accepted.v1", DAYS)
class AssignmentAccepted(ActEvent):
    """The nurse has seen the visit and takes it."""


@event("rounds.dispatch.nurse-en-route.v1", DAYS)
class NurseEnRoute(ActEvent):
    """The nurse is on her way: the visit is frozen onto her route."""


@event("rounds.dispatch.nurse-arrived.v1", DAYS)
class NurseArrived(ActEvent):
    """The nurse is at the door."""


@event("rounds.dispatch.visit-completed.v1", DAYS)
class VisitCompleted(ActEvent):
    """The visit is done."""


class MissReason(StrEnum):
    """Why a nurse could not do a visit."""

    NOT_HOME = "not_home"
    REFUSED = "refused"
    NOT_READY = "not_ready"
    UNSAFE = "unsafe"
    NO_ACCESS = "no_access"
    OTHER = "other"


@event("rounds.dispatch.visit-missed.v1", DAYS)
class VisitMissed(ActEvent):
    """The visit could not be done."""

    reason: MissReason


class Disruption(StrEnum):
    """Why the present plan no longer holds."""

    FROZEN_CONFLICT = "frozen_conflict"
    SHIFT_CLOSED = "shift_closed"
    VISIT_MOVED = "visit_moved"


@event("rounds.dispatch.day-disrupted.v1", DAYS)
class DayDisrupted(AreaDayEvent):
    """The plan no longer fits the day; routing answers with a new version."""

    disruption: Disruption
    plan_version: int
    shift_ids: tuple[ShiftId, ...] = ()
    visit_ids: tuple[VisitId, ...] = ()
