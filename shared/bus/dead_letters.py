"""Dead letters: records a group could not handle, kept with the reason until somebody replays or discards them.

A dead letter is the record as it was, on ``<topic>.dlt``, with headers that say where it stood and who failed. Nothing
on a log is ever changed, so a letter is settled by a second record that names the same place. A replay sends the
original to its own topic under its old event id: groups that had handled it find it in their inbox, the group that
failed does not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.bus.port import Bus, Message, Record, TopicPartition
from shared.errors import PoisonError
from shared.events.topics import DEAD_LETTER_SUFFIX, TOPICS

PREFIX = "dl_"
TOPIC, PARTITION, OFFSET, GROUP = "dl_topic", "dl_partition", "dl_offset", "dl_group"
LONGEST_REASON = 1_000
"""Characters: a reason that quotes a header must not make the letter larger than its topic takes."""
REASON, TIME, SETTLED = "dl_reason", "dl_time", "dl_settled"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record stood and who failed on it: the identity of a dead letter."""

    lane: TopicPartition
    offset: int
    group: str

    def __str__(self) -> str:
        """Return it as one word for the command line: ``topic/partition/offset/group``."""
        return f"{self.lane.topic}/{self.lane.partition}/{self.offset}/{self.group}"

    def headers(self) -> dict[str, bytes]:
        """Return it as headers."""
        return {
            TOPIC: self.lane.topic.encode(),
            PARTITION: str(self.lane.partition).encode(),
            OFFSET: str(self.offset).encode(),
            GROUP: self.group.encode(),
        }


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that failed.

    Attributes:
        original: the message as its producer sent it.
        reason: a sentence, or the kind of error and the line it came from; never a value from the record.
        failed_at: RFC 3339.
    """

    place: Place
    original: Message
    reason: str
    failed_at: str

    @property
    def event_type(self) -> str:
        """The CloudEvents type, or "" if the record named none."""
        return self.original.headers.get("ce_type", b"").decode(errors="replace")

    @property
    def event_id(self) -> str:
        """The event's id, or "" if the record had none."""
        return self.original.headers.get("ce_id", b"").decode(errors="replace")


async def bury(bus: Bus, record: Record, group: str, reason: str, now: datetime) -> None:
    """Put a record among the dead letters of its topic."""
    place = Place(record.lane, record.offset, group)
    notes = {REASON: reason[:LONGEST_REASON].encode(), TIME: now.isoformat().encode()}
    headers = {**_own(record.headers), **place.headers(), **notes}
    await bus.publish([Message(record.topic + DEAD_LETTER_SUFFIX, record.key, record.value, headers)])


async def list_dead_letters(bus: Bus, topics: Iterable[str] = TOPICS) -> list[DeadLetter]:
    """Return the letters nobody has settled, oldest first; one for each place, however often it was written.

    Args:
        bus: where to look.
        topics: the topics the records failed on, or their dead-letter topics.
    """
    wanted = sorted({topic.removesuffix(DEAD_LETTER_SUFFIX) + DEAD_LETTER_SUFFIX for topic in topics})
    found: dict[Place, DeadLetter] = {}
    settled = set()
    async for record in bus.tail(wanted, from_start=True, follow=False):
        letter = _read(record)
        if SETTLED in record.headers:
            settled.add(letter.place)
        else:
            found.setdefault(letter.place, letter)
    return [letter for place, letter in found.items() if place not in settled]


async def replay(bus: Bus, letter: DeadLetter) -> None:
    """Send the original again and settle the letter."""
    await bus.publish([letter.original, _settlement(letter, "replayed")])


async def discard(bus: Bus, letter: DeadLetter) -> None:
    """Settle the letter without sending anything: it can never be handled, and somebody has seen to it."""
    await bus.publish([_settlement(letter, "discarded")])


def _settlement(letter: DeadLetter, how: str) -> Message:
    headers = {**letter.place.headers(), SETTLED: how.encode()}
    return Message(letter.place.lane.topic + DEAD_LETTER_SUFFIX, letter.original.key, b"", headers)


def _own(headers: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return a record's headers without those of a burial."""
    return {name: value for name, value in headers.items() if not name.startswith(PREFIX)}


def _read(record: Record) -> DeadLetter:
    try:
        headers = {name: record.headers[name].decode() for name in (TOPIC, PARTITION, OFFSET, GROUP)}
        place = Place(TopicPartition(headers[TOPIC], int(headers[PARTITION])), int(headers[OFFSET]), headers[GROUP])
    except (KeyError, ValueError) as error:
        message = (
            f"{record.topic}/{record.partition}/{record.offset} is not a dead letter of this house ({error!r}). "
            "Something else wrote to that topic; find out what."
        )
        raise PoisonError(message) from error
    return DeadLetter(
        place=place,
        original=Message(headers[TOPIC], record.key, record.value, _own(record.headers)),
        reason=record.headers.get(REASON, b"").decode(errors="replace"),
        failed_at=record.headers.get(TIME, b"").decode(errors="replace"),
    )
