"""The one list of topics. Buses create what stands here and refuse what does not."""

from dataclasses import dataclass
from datetime import timedelta

VISITS = "rounds.booking.visit.v1"
PLACES = "rounds.geocoding.place.v1"
PLANS = "rounds.routing.plan.v1"
SHIFTS = "rounds.dispatch.shift.v1"
DAYS = "rounds.dispatch.day.v1"

DEAD_LETTER_SUFFIX = ".dlt"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is laid out.

    Attributes:
        key: what the key is, in words.
        retention: how long records are kept.
        compacted: keep the last record of each key beyond the retention.
    """

    name: str
    key: str
    partitions: int = 6
    retention: timedelta = timedelta(days=90)
    compacted: bool = False


_OWN = (
    TopicSpec(VISITS, "visit id"),
    TopicSpec(PLACES, "visit id"),
    TopicSpec(PLANS, "area:date"),
    TopicSpec(SHIFTS, "shift id"),
    TopicSpec(DAYS, "area:date"),
)

TOPICS: dict[str, TopicSpec] = {
    spec.name: spec
    for own in _OWN
    for spec in (
        own,
        TopicSpec(own.name + DEAD_LETTER_SUFFIX, "the key of the record that failed", partitions=1),
    )
}
