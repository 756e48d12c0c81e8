"""What a consumer did, counted as it goes: in the metrics of the process, and here for who holds the consumer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.bus.handling import Outcome
from shared.bus.port import Record, TopicPartition
from shared.events.registry import EVENTS
from shared.observability.metrics import (
    BUS_FAILURES,
    CONSUMER_LAG,
    CONSUMER_REBUILT,
    DEAD_LETTERS,
    HANDLED_EVENTS,
    HANDLER_FAILURES,
)

UNKNOWN = "unknown"


@dataclass(slots=True)
class Tally:
    """What a consumer did since it was made.

    Attributes:
        room: the consumer's group.
        handled: records that took effect.
        repeated: records the inbox knew already.
        skipped: records no handler here is for.
        failures: attempts that are made again.
        buried: records put among the dead letters.
        rebuilt: subscriptions made anew after a stall.
    """

    room: str
    handled: int = 0
    repeated: int = 0
    skipped: int = 0
    failures: int = 0
    buried: int = 0
    rebuilt: int = 0
    _lanes: set[TopicPartition] = field(default_factory=set)

    def note(self, record: Record, outcome: Outcome) -> None:
        """Count a record that did not fail."""
        match outcome:
            case Outcome.HANDLED:
                self.handled += 1
            case Outcome.REPEATED:
                self.repeated += 1
            case Outcome.SKIPPED:
                self.skipped += 1
        HANDLED_EVENTS.labels(self.room, event_name(record), outcome.name.lower()).inc()

    def note_failure(self, record: Record) -> None:
        """Count an attempt that is made again."""
        self.failures += 1
        HANDLER_FAILURES.labels(self.room, event_name(record)).inc()

    def note_buried(self, record: Record) -> None:
        """Count a record that went to the dead letters."""
        self.buried += 1
        DEAD_LETTERS.labels(self.room, record.topic).inc()

    def note_rebuilt(self) -> None:
        """Count a subscription made anew."""
        self.rebuilt += 1
        CONSUMER_REBUILT.labels(self.room).inc()

    def note_lost_bus(self) -> None:
        """Count that the bus did not answer."""
        BUS_FAILURES.labels(self.room).inc()

    def note_lag(self, lag: Mapping[TopicPartition, int]) -> None:
        """Keep how much waits on each lane this consumer owns; a lane it lost is somebody else's to count."""
        for lane in self._lanes - set(lag):
            CONSUMER_LAG.remove(self.room, lane.topic, str(lane.partition))
        self._lanes = set(lag)
        for lane, waiting in lag.items():
            CONSUMER_LAG.labels(self.room, lane.topic, str(lane.partition)).set(waiting)


def event_name(record: Record) -> str:
    """Return the event's name by its type: one of those there are, so that no producer can invent a label."""
    known = EVENTS.get(record.headers.get("ce_type", b"").decode(errors="replace"))
    return known.__name__ if known else UNKNOWN
