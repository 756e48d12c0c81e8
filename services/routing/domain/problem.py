"""The planner's input: one area's day, frozen and free of contradictions."""

from dataclasses import dataclass, field
from functools import cached_property

from services.routing.domain.facts import (
    UNREACHABLE,
    Begun,
    BegunBreak,
    BegunVisit,
    Break,
    Shift,
    Travel,
    Visit,
    Window,
)
from services.routing.domain.prices import Prices
from services.routing.domain.validation import ProblemError, validate
from shared.events.ids import ShiftId, VisitId

__all__ = [
    "UNREACHABLE",
    "Begun",
    "BegunBreak",
    "BegunVisit",
    "Break",
    "Prices",
    "Problem",
    "ProblemError",
    "Shift",
    "Travel",
    "Visit",
    "Window",
]


@dataclass(frozen=True, eq=False)
class Problem:
    """One area's day.

    Attributes:
        now: nothing that has not begun is planned to depart earlier.

    Raises:
        ProblemError: the input contradicts itself; the message says where.
    """

    visits: tuple[Visit, ...]
    shifts: tuple[Shift, ...]
    travel: Travel
    prices: Prices = field(default_factory=Prices)
    begun: tuple[Begun, ...] = ()
    now: int = 0

    def __post_init__(self) -> None:
        validate(self)

    @cached_property
    def visit(self) -> dict[VisitId, Visit]:
        """Visits by id."""
        return {visit.id: visit for visit in self.visits}

    @cached_property
    def shift(self) -> dict[ShiftId, Shift]:
        """Shifts by id."""
        return {shift.id: shift for shift in self.shifts}

    @cached_property
    def begun_in(self) -> dict[ShiftId, tuple[BegunVisit | BegunBreak, ...]]:
        """What has begun, by shift; every shift is named."""
        stops = {begun.shift_id: begun.stops for begun in self.begun}
        return {shift.id: stops.get(shift.id, ()) for shift in self.shifts}

    @cached_property
    def begun_visits(self) -> frozenset[VisitId]:
        """Every visit that has begun, in whatever shift."""
        return frozenset(stop.visit_id for begun in self.begun for stop in begun.stops if isinstance(stop, BegunVisit))

    def leave_out_price(self, visit: Visit) -> int:
        """Return the cents that leaving the visit out costs."""
        if visit.leave_out_price is not None:
            return visit.leave_out_price
        return self.prices.leave_out(visit.priority)
