"""What the page, the map and the timeline show of a day. Holds no name and no address of a patient."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from services.board.domain.progress import Status
from shared.areas import Area
from shared.events.dispatch import MissReason
from shared.events.geocoding import UnresolvedReason
from shared.events.ids import NurseId, ShiftId, VisitId
from shared.events.values import GeoPoint, Priority, StopKind, TimeWindow


@dataclass(frozen=True, slots=True)
class StopView:
    """A stop of a route.

    Attributes:
        number: counts the visits of the route from 1; None for a break.
        drive: from the stop before.
        at: when the nurse's last act on it happened.
    """

    kind: StopKind
    number: int | None
    visit_id: VisitId | None
    point: GeoPoint | None
    arrival: dt.datetime
    start: dt.datetime
    end: dt.datetime
    drive: dt.timedelta
    status: Status | None
    at: dt.datetime | None
    missed: MissReason | None
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RouteView:
    """A nurse's shift with what she has to do in it.

    Attributes:
        shift: start and end of the shift; None while it is not known, or after it was closed.
        start_point: where she starts.
        stops: empty for a nurse without visits; then the fields of the drive are None or zero.
        geometry: the streets, polyline with six decimals.
    """

    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: str
    nurse: str
    colour: str
    plan_version: int | None
    shift: tuple[dt.datetime, dt.datetime] | None
    start_point: GeoPoint | None
    departure: dt.datetime | None
    back: dt.datetime | None
    drive: dt.timedelta
    metres: int
    geometry: str | None
    estimated: bool
    stops: tuple[StopView, ...]

    @property
    def visits(self) -> tuple[StopView, ...]:
        """The stops that are visits."""
        return tuple(stop for stop in self.stops if stop.kind is StopKind.VISIT)

    @property
    def finished(self) -> int:
        """How many visits are over, done or missed."""
        return sum(stop.status in {Status.DONE, Status.MISSED} for stop in self.visits)

    @property
    def last_known(self) -> GeoPoint | None:
        """Where the nurse was last known to be or to be going: her last begun stop."""
        begun = [stop.point for stop in self.visits if stop.status and stop.status.begun]
        return begun[-1] if begun else None


@dataclass(frozen=True, slots=True)
class UnassignedView:
    """A visit whose place is known and that no nurse has.

    Attributes:
        explanation: why, in a sentence; None while the plan has not answered.
    """

    visit_id: VisitId
    services: tuple[str, ...]
    windows: tuple[TimeWindow, ...]
    priority: Priority
    point: GeoPoint
    reason: str | None
    explanation: str | None


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A visit whose address has no place yet; a dispatcher gives it one."""

    visit_id: VisitId
    services: tuple[str, ...]
    windows: tuple[TimeWindow, ...]
    reason: UnresolvedReason
    candidates: int


@dataclass(frozen=True, slots=True)
class Headline:
    """The day in numbers: bookings = assigned + missed + unassigned + waiting + to_review.

    Attributes:
        located: visits whose place is known.
        waiting: visits that geocoding or the planner has not answered yet.
        done: of the assigned, those that are over.
    """

    bookings: int
    located: int
    assigned: int
    unassigned: int
    waiting: int
    to_review: int
    missed: int
    done: int


@dataclass(frozen=True, slots=True)
class DayView:
    """One area's day.

    Attributes:
        plan_version: of the newest committed plan; None before the first.
        unassigned: in the order of their windows.
    """

    area: Area
    date: dt.date
    revision: int
    plan_version: int | None
    headline: Headline
    routes: Sequence[RouteView]
    unassigned: Sequence[UnassignedView]
    review: Sequence[ReviewView]
