"""What a plan costs: every soft rule by name, in one currency."""

from dataclasses import dataclass, fields
from typing import Self

from shared.events.values import Priority

_HOUR_S = 3600
_KM_M = 1000


@dataclass(frozen=True, slots=True)
class PriceRule:
    """A soft rule.

    Attributes:
        name: the rule's field in ``Price`` and its key in ``Price.by_rule``.
        unit: what one unit of its rate in ``Prices`` buys.
        sentence: what it charges for.
    """

    name: str
    unit: str
    sentence: str


RULES = (
    PriceRule("driving_time", "cents per hour", "Time the nurse spends driving between stops and home."),
    PriceRule("driving_distance", "cents per kilometre", "Distance the nurse drives."),
    PriceRule("waiting", "cents per hour", "Time the nurse stands at a patient's door before the visit may start."),
    PriceRule("not_preferred", "cents per visit", "A visit goes to a nurse the patient did not ask for."),
    PriceRule("nurse_changed", "cents per visit", "A visit goes to another nurse than in the plan in force."),
    PriceRule("shift_used", "cents per shift", "A nurse who could stay at home is sent out."),
    PriceRule("left_out", "cents per visit, by priority", "A visit is in no route."),
)


@dataclass(frozen=True, slots=True)
class Price:
    """A price by rule, in cents. Prices add up rule by rule."""

    driving_time: int = 0
    driving_distance: int = 0
    waiting: int = 0
    not_preferred: int = 0
    nurse_changed: int = 0
    shift_used: int = 0
    left_out: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    @property
    def total(self) -> int:
        """The sum over all rules, in cents."""
        return (
            self.driving_time
            + self.driving_distance
            + self.waiting
            + self.not_preferred
            + self.nurse_changed
            + self.shift_used
            + self.left_out
        )

    def by_rule(self) -> dict[str, int]:
        """Return cents by the rule's name, every rule named."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Prices:
    """The rates of one area, whole cents, none negative.

    Time and distance are charged per route and rounded down to whole cents.
    What has begun is sunk: only stops that are still planned cost anything.
    """

    driving_hour: int = 3_000
    driving_km: int = 42
    waiting_hour: int = 1_200
    not_preferred: int = 500
    nurse_changed: int = 300
    shift_used: int = 1_000
    leave_out_routine: int = 20_000
    leave_out_urgent: int = 50_000
    leave_out_asap: int = 100_000
    leave_out_stat: int = 300_000

    def driving_time(self, seconds: int) -> int:
        """Return the cents for ``seconds`` of driving in one route."""
        return seconds * self.driving_hour // _HOUR_S

    def driving_distance(self, metres: int) -> int:
        """Return the cents for ``metres`` driven in one route."""
        return metres * self.driving_km // _KM_M

    def waiting(self, seconds: int) -> int:
        """Return the cents for ``seconds`` of waiting in one route."""
        return seconds * self.waiting_hour // _HOUR_S

    def leave_out(self, priority: Priority) -> int:
        """Return the cents for leaving out a visit of this priority."""
        return {
            Priority.ROUTINE: self.leave_out_routine,
            Priority.URGENT: self.leave_out_urgent,
            Priority.ASAP: self.leave_out_asap,
            Priority.STAT: self.leave_out_stat,
        }[priority]
