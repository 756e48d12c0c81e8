"""The planner's output: every shift's route, every visit no route takes, and the price of it all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import add

from services.routing.domain.prices import Price
from shared.events.ids import NurseId, ShiftId, VisitId
from shared.events.values import StopKind


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit or a break in a route.

    Attributes:
        visit_id: None for a break.
        break_number: its place in ``Shift.breaks``; None for a visit.
        arrival: the end of the stop before plus ``drive_s``; up to the first visit of a nurse who starts from
            home it may be later: she sets out as late as she can.
        start: ``arrival`` or later, after waiting.
        drive_s: driving since the stop before; a drive that a break interrupts is divided between the two.
        drive_m: the same in metres.
        begun: a fact, not a plan: no rule is held against it.
    """

    visit_id: VisitId | None
    break_number: int | None
    arrival: int
    start: int
    end: int
    drive_s: int
    drive_m: int
    begun: bool = False

    @property
    def kind(self) -> StopKind:
        """What the nurse does here."""
        return StopKind.BREAK if self.visit_id is None else StopKind.VISIT


@dataclass(frozen=True, slots=True)
class Route:
    """One nurse's stops in one shift.

    Attributes:
        stops: what has begun, then what is planned; empty: the nurse stays at home.
        departure: when the nurse leaves the start place, or takes a break there first.
        back: when she is at the end place and every break is taken.
        home_s: driving from the last stop to the end place.
        home_m: the same in metres.
        price: of what is still planned.
    """

    shift_id: ShiftId
    nurse_id: NurseId
    stops: tuple[Stop, ...]
    departure: int
    back: int
    home_s: int
    home_m: int
    price: Price

    @property
    def planned(self) -> tuple[VisitId, ...]:
        """The visits that have not begun, in order."""
        return tuple(stop.visit_id for stop in self.stops if stop.visit_id is not None and not stop.begun)

    @property
    def drive_s(self) -> int:
        """All driving, the way home included."""
        return sum(stop.drive_s for stop in self.stops) + self.home_s

    @property
    def drive_m(self) -> int:
        """All metres driven, the way home included."""
        return sum(stop.drive_m for stop in self.stops) + self.home_m


type Facts = Mapping[str, int | str | tuple[str, ...]]
"""What a reason rests on, by name."""


class Reason(StrEnum):
    """Why a visit is in no route; of several, the first that holds in this order."""

    NO_SKILL = "no_skill"
    NO_LICENCE = "no_licence"
    EXCLUDED = "excluded"
    OUTSIDE_SHIFTS = "outside_shifts"
    UNREACHABLE = "unreachable"
    NO_TIME = "no_time"
    NO_ROOM = "no_room"
    NOT_WORTH = "not_worth"


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A visit no route takes, and why.

    Attributes:
        explanation: the reason as a sentence for the dispatcher.
        facts: what the sentence rests on; which ones depends on the reason.
    """

    visit_id: VisitId
    reason: Reason
    explanation: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Plan:
    """All routes of one area's day.

    Attributes:
        routes: one for each shift of the problem, in its order.
        unassigned: in the order of the problem's visits.
        price: the routes' prices and the leave-out prices of the unassigned.
    """

    routes: tuple[Route, ...]
    unassigned: tuple[Unassigned, ...]
    price: Price


def total(routes: Mapping[ShiftId, Route], left_out: int) -> Price:
    """Return the price of routes plus ``left_out`` cents for what is in none."""
    return reduce(add, (route.price for route in routes.values()), Price(left_out=left_out))
