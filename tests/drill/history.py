"""The history of a drill: what clients did and were told, and what was found on topics and in tables at the end.

One JSON object a line, so that it can be read again, searched and checked anew; nothing in it is a patient's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from shared.events.registry import EVENTS, Event
from shared.events.topics import DEAD_LETTER_SUFFIX


class Outcome(StrEnum):
    """What a client knows of its operation."""

    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Line(BaseModel):
    """One line of a history."""

    model_config = ConfigDict(frozen=True)


class Operation(Line):
    """Something a client wanted, with all its repetitions.

    Attributes:
        act: ``book``, ``reschedule``, ``cancel``, or a nurse's act.
        key: the idempotency key, or the act's id.
        attempts: how often it was sent until it was answered.
        answers: bookings named in the answers, one an answer: replays are asked for on purpose.
        version: of the visit, as the answer had it.
        began: seconds since the drill began; ``ended`` likewise.
    """

    what: Literal["operation"] = "operation"
    act: str
    key: str
    outcome: Outcome
    attempts: int = 1
    answers: tuple[str, ...] = ()
    visit_id: str | None = None
    version: int = 0
    began: float = 0.0
    ended: float = 0.0


class Fault(Line):
    """Something the nemesis did, and to whom."""

    what: Literal["fault"] = "fault"
    kind: str
    target: str
    at: float


class Spoken(Line):
    """A record on a topic, in its place."""

    what: Literal["spoken"] = "spoken"
    topic: str
    partition: int
    offset: int
    key: str
    event_id: str
    type: str
    body: dict[str, Any]


class Said(Line):
    """A row of a room's outbox."""

    what: Literal["said"] = "said"
    room: str
    seq: int
    event_id: str
    topic: str
    key: str
    published: bool


class Handled(Line):
    """A row of a room's inbox.

    Attributes:
        commit: its place in the order in which the room's transactions were committed; None where unknown.
    """

    what: Literal["handled"] = "handled"
    room: str
    event_id: str
    commit: float | None = None


class Listens(Line):
    """The event types a room has a handler for."""

    what: Literal["listens"] = "listens"
    room: str
    types: tuple[str, ...]


class Effect(Line):
    """What the witness noted of an event it handled; ``n`` is the order of its notes within a key."""

    what: Literal["effect"] = "effect"
    n: int
    event_id: str
    topic: str
    key: str
    version: int


class Booked(Line):
    """A booking in the booking room's tables.

    Attributes:
        reference: the idempotency key, for bookings that were given one.
        answer: what became of it, as far as it has come: a nurse's shift, or why there is none.
        shift_id: of its assignment.
    """

    what: Literal["booked"] = "booked"
    booking_id: str
    reference: str | None
    visit_id: str
    version: int
    cancelled: bool
    answer: str | None
    shift_id: str | None = None


class Assigned(Line):
    """A standing assignment in the dispatch room's tables."""

    what: Literal["assigned"] = "assigned"
    visit_id: str
    shift_id: str
    progress: str


class Known(Line):
    """The version of an aggregate that a room has come to."""

    what: Literal["known"] = "known"
    room: str
    topic: str
    key: str
    version: int


class Leak(Line):
    """A canary, that is something only a patient may be known by, outside its home."""

    what: Literal["leak"] = "leak"
    where: str


class Healed(Line):
    """The end of the faults.

    Attributes:
        seconds: from the last fault's repair until nothing moved any more.
        waiting: what still waited when patience was over, by name; empty when all was quiet.
    """

    what: Literal["healed"] = "healed"
    seconds: float
    allowed: float
    waiting: dict[str, int] = {}


type AnyLine = Annotated[
    Operation | Fault | Spoken | Said | Handled | Listens | Effect | Booked | Assigned | Known | Leak | Healed,
    Field(discriminator="what"),
]
_LINE: TypeAdapter[AnyLine] = TypeAdapter(AnyLine)


@dataclass(frozen=True)
class History:
    """All that is known of a drill."""

    lines: Sequence[Line] = field(default=())

    def of[L: Line](self, kind: type[L]) -> list[L]:
        """Return the lines of a kind, in their order."""
        return [line for line in self.lines if isinstance(line, kind)]

    @cached_property
    def first_heard(self) -> list[Spoken]:
        """The records of the house's own topics without those that came again: the bus delivers at least once."""
        seen: dict[str, Spoken] = {}
        own = (record for record in self.of(Spoken) if not record.topic.endswith(DEAD_LETTER_SUFFIX))
        for record in sorted(own, key=lambda record: (record.topic, record.partition, record.offset)):
            seen.setdefault(record.event_id, record)
        return list(seen.values())

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], Sequence[Spoken]]:
        """What was heard first of each aggregate, in the order of its lane."""
        found: defaultdict[tuple[str, str], list[Spoken]] = defaultdict(list)
        for record in self.first_heard:
            found[record.topic, record.key].append(record)
        return found

    @cached_property
    def events(self) -> Mapping[str, Event]:
        """The events by their ids, read."""
        return {record.event_id: EVENTS[record.type].model_validate(record.body) for record in self.first_heard}

    def write(self, path: Path) -> None:
        """Write it, a line a line."""
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{line.model_dump_json()}\n" for line in self.lines)

    @classmethod
    def read(cls, path: Path) -> "History":
        """Read what was written."""
        with path.open(encoding="utf-8") as file:
            return cls([_LINE.validate_json(line) for line in file])

    def but(self, *more: Line, without: Iterable[Line] = ()) -> "History":
        """Return a history with more lines, or fewer."""
        gone = {id(line) for line in without}
        return History([*(line for line in self.lines if id(line) not in gone), *more])
