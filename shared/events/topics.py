"""The one list of topics. Buses create what stands here and refuse what does not."""

from dataclasses import dataclass
from datetime import timedelta

VISITS = "rounds.booking.visit.v1"
PLACES = "rounds.geocoding.place.v1"
PLANS = "rounds.routing.plan.v1"
SHIFTS = "rounds.dispatch.shift.v1"
DAYS = "rounds.dispatch.day.v1"
BOOKING_REQUESTS = "rounds.intake.booking-request.v1"
BOOKING_RESPONSES = "rounds.intake.booking-response.v1"

DEAD_LETTER_SUFFIX = ".dlt"

RECORD_BYTES = 4 << 20
"""The largest record a bus takes; a plan of a thousand visits is a tenth of it."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is laid out.

    Attributes:
        key: what the key is, in words.
        retention: how long records are kept.
        compacted: keep the last record of each key beyond the retention.
        inbound: written by systems outside the house, so that event ids are theirs; carries patients in the clear, so
            that neither its records nor its dead letters are kept for long.
    """

    name: str
    key: str
    partitions: int = 6
    retention: timedelta = timedelta(days=90)
    compacted: bool = False
    inbound: bool = False


_OWN = (
    TopicSpec(VISITS, "visit id"),
    TopicSpec(PLACES, "visit id"),
    TopicSpec(PLANS, "area:date"),
    TopicSpec(SHIFTS, "shift id"),
    TopicSpec(DAYS, "area:date"),
    TopicSpec(
        BOOKING_REQUESTS, "the booking's reference, or the event's id", retention=timedelta(days=1), inbound=True
    ),
    TopicSpec(BOOKING_RESPONSES, "the request's id", retention=timedelta(days=7)),
)

TOPICS: dict[str, TopicSpec] = {
    spec.name: spec
    for own in _OWN
    for spec in (
        own,
        TopicSpec(
            own.name + DEAD_LETTER_SUFFIX, "the key of the record that failed", partitions=1, retention=own.retention
        ),
    )
}
