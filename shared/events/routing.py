"""What the routing room says: the routes of a plan, and that the plan is complete."""

import datetime as dt

from pydantic import AwareDatetime, Field

from shared.events.ids import AreaId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.registry import Event, event
from shared.events.topics import PLANS
from shared.events.values import Cause, Stop, Value


class AreaDayEvent(Event):
    """An event of one area's day; ``aggregate_version`` counts the events of that key on its topic."""

    area_id: AreaId
    date: dt.date

    def key(self) -> str:
        """Return ``area:date``."""
        return f"{self.area_id}:{self.date.isoformat()}"


class Route(Value):
    """One nurse's stops in one shift.

    Attributes:
        departure: when the nurse leaves the shift's start place.
        back: when she is at its end place.
        geometry: the streets driven, as an encoded polyline with six decimals; None where no street network answered.
        travel_estimated: some travel time is straight line × factor, not streets.
    """

    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    departure: AwareDatetime
    back: AwareDatetime
    stops: tuple[Stop, ...]
    drive: dt.timedelta
    metres: int
    geometry: str | None = None
    travel_estimated: bool = False


class RouteRef(Value):
    """Names the plan version in which a route got the shape it still has."""

    shift_id: ShiftId
    plan_version: int


class Unassigned(Value):
    """A visit no route takes, and why.

    Attributes:
        reason: code (``no_skill``, ``no_room``, …).
        explanation: the same as a sentence for the dispatcher; names no patient.
    """

    visit_id: VisitId
    reason: str
    explanation: str


@event("rounds.routing.route-planned.v1", PLANS)
class RoutePlanned(AreaDayEvent):
    """A route is new or changed in this plan version. Routes that stay as they were are not said again.

    Attributes:
        causes: what each visit of the route follows from, where that is known: its assignment follows from the same.
    """

    plan_version: int
    route: Route
    causes: dict[VisitId, Cause] = Field(default_factory=dict)


@event("rounds.routing.plan-committed.v1", PLANS)
class PlanCommitted(AreaDayEvent):
    """Every route of this version has been said; the version holds from now on.

    Attributes:
        routes: the complete list; a shift that is not named has no route.
        price_cents: the plan's price by rule.
        seconds: how long the planner took.
    """

    plan_version: int
    routes: tuple[RouteRef, ...]
    unassigned: tuple[Unassigned, ...]
    price_cents: dict[str, int]
    drive: dt.timedelta
    travel_estimated: bool
    seconds: float
