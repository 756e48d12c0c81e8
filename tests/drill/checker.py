"""The invariants: each is a function from a history to what contradicts it, with the evidence."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.events.topics import DEAD_LETTER_SUFFIX
from tests.drill.day_checks import i5_one_nurse_a_visit, i6_plans_in_order, i11_cancelled_stays_cancelled
from tests.drill.history import (
    Assigned,
    Booked,
    Effect,
    Handled,
    Healed,
    History,
    Known,
    Leak,
    Listens,
    Operation,
    Outcome,
    Said,
    Spoken,
)
from tests.drill.violation import Violation


def i1_acknowledged_is_present(history: History) -> Iterator[Violation]:
    """What a client was told has been done is there: its booking, its new wishes, its cancellation."""
    booked = {row.booking_id: row for row in history.of(Booked)}
    visits = {row.visit_id: row for row in booked.values()}
    for operation in history.of(Operation):
        if operation.outcome is not Outcome.OK:
            continue
        for booking_id in operation.answers:
            if booking_id not in booked:
                yield Violation("I1", f"Booking {booking_id} was acknowledged and is lost.", (operation,))
        row = visits.get(operation.visit_id or "")
        if row is not None and row.version < operation.version:
            yield Violation(
                "I1", f"{operation.act} of visit {row.visit_id} was acknowledged and undone.", (operation, row)
            )
        if row is not None and operation.act == "cancel" and not row.cancelled:
            yield Violation("I1", f"Visit {row.visit_id} was cancelled with an answer and is not.", (operation, row))


def i2_one_key_one_booking(history: History) -> Iterator[Violation]:
    """One idempotency key, one booking, whoever repeats it where."""
    asked = {operation.key: operation for operation in history.of(Operation) if operation.act == "book"}
    for operation in asked.values():
        if len(set(operation.answers)) > 1:
            yield Violation("I2", f"Key {operation.key} was answered with more than one booking.", (operation,))
    answered = {booking_id for operation in asked.values() for booking_id in operation.answers}
    references = Counter(row.reference for row in history.of(Booked) if row.reference)
    for reference, times in references.items():
        if times > 1:
            yield Violation("I2", f"Key {reference} made {times} bookings.")
    open_keys = {key for key, operation in asked.items() if operation.outcome is Outcome.UNKNOWN}
    strays = [row for row in history.of(Booked) if row.booking_id not in answered and row.reference not in open_keys]
    unnamed = len(open_keys - set(references))
    for row in strays[unnamed:]:
        yield Violation("I2", f"Booking {row.booking_id} is nobody's: some key made two.", (row,))


def i3_versions_in_order(history: History) -> Iterator[Violation]:
    """Versions of an aggregate go 1 to n on its topic, and no room sees or remembers one backwards."""
    newest: dict[tuple[str, str], int] = {}
    for (topic, key), records in history.by_key.items():
        versions = [int(record.body["aggregate_version"]) for record in records]
        newest[topic, key] = max(versions)
        if versions != list(range(1, len(versions) + 1)):
            yield Violation("I3", f"The versions of {key} in {topic} come as {versions}.", tuple(records))
    for row in history.of(Known):
        if row.version != newest.get((row.topic, row.key), 0):
            said = newest.get((row.topic, row.key), 0)
            yield Violation("I3", f"{row.room} has {row.key} at {row.version}; {said} was said.", (row,))
    seen: dict[tuple[str, str], int] = {}
    for effect in sorted(history.of(Effect), key=lambda effect: effect.n):
        before = seen.get((effect.topic, effect.key), 0)
        if effect.version < before:
            yield Violation("I3", f"The witness saw {effect.key} go from {before} to {effect.version}.", (effect,))
        seen[effect.topic, effect.key] = max(before, effect.version)


def i4_handled_once(history: History) -> Iterator[Violation]:
    """Every event has its effect once in every room that listens to it: none is missing, none is there twice."""
    effects = Counter(effect.event_id for effect in history.of(Effect))
    for event_id, times in effects.items():
        if times > 1:
            yield Violation("I4", f"Event {event_id} took effect {times} times in the witness.")
    handled = Counter((row.room, row.event_id) for row in history.of(Handled))
    for (room, event_id), times in handled.items():
        if times > 1:
            yield Violation("I4", f"{room} has event {event_id} {times} times in its inbox.")
    for listens in history.of(Listens):
        missing = [
            record
            for record in history.first_heard
            if record.type in listens.types and not handled[listens.room, record.event_id]
        ]
        for record in missing:
            yield Violation("I4", f"{listens.room} never handled {record.type} {record.event_id}.", (record,))
    if effects:
        for record in history.first_heard:
            if not effects[record.event_id]:
                yield Violation("I4", f"{record.type} {record.event_id} has no effect in the witness.", (record,))


def i7_outbox_and_topics_agree(history: History) -> Iterator[Violation]:
    """What is on a topic stands in an outbox; what stands in an outbox is on its topic, in time after the faults."""
    said = {row.event_id: row for row in history.of(Said)}
    heard = {record.event_id for record in history.of(Spoken)}
    for record in history.first_heard:
        if record.event_id not in said:
            yield Violation("I7", f"{record.type} {record.event_id} was published and never said.", (record,))
    for row in said.values():
        if not row.published:
            yield Violation("I7", f"{row.room} still holds event {row.event_id} back.", (row,))
        if row.published and row.event_id not in heard:
            yield Violation("I7", f"{row.room} believes event {row.event_id} published; it is on no topic.", (row,))
    for healed in history.of(Healed):
        if healed.waiting or healed.seconds > healed.allowed:
            what = ", ".join(f"{count} {name}" for name, count in healed.waiting.items()) or "nothing"
            yield Violation("I7", f"{healed.seconds:.0f} s after the last fault there still waited: {what}.", (healed,))


def i7_everybody_is_answered(history: History) -> Iterator[Violation]:
    """Every booking that stands has a nurse or a reason why not, and booking and dispatch tell the same."""
    standing: Mapping[str, set[str]] = _standing(history)
    for row in history.of(Booked):
        if row.answer is None and not row.cancelled:
            yield Violation("I7", f"Booking {row.booking_id} has neither a nurse nor a reason.", (row,))
        shifts = standing.get(row.visit_id, set())
        if not row.cancelled and shifts != ({row.shift_id} if row.shift_id else set()):
            yield Violation("I7", f"Booking has visit {row.visit_id} on {row.shift_id}, dispatch on {shifts}.", (row,))
    buried = [record for record in history.of(Spoken) if record.topic.endswith(DEAD_LETTER_SUFFIX)]
    settled = {record.body["place"] for record in buried if record.body.get("settled")}
    for record in buried:
        if record.body.get("place") not in settled:
            yield Violation("I7", f"A record is left among the dead letters of {record.topic}.", (record,))


def i10_no_canary(history: History) -> Iterator[Violation]:
    """What only a patient may be known by is in no topic and no log."""
    for leak in history.of(Leak):
        yield Violation("I10", f"A canary sings in {leak.where}.", (leak,))


def _standing(history: History) -> Mapping[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in history.of(Assigned):
        found[row.visit_id].add(row.shift_id)
    return found


type Check = Callable[[History], Iterator[Violation]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A line of the table.

    Attributes:
        checks: empty for what this release has nothing to check of.
    """

    name: str
    sentence: str
    checks: tuple[Check, ...]
    absent: str = ""


INVARIANTS = (
    Invariant("I1", "an acknowledged booking is present", (i1_acknowledged_is_present,)),
    Invariant("I2", "one idempotency key, one booking", (i2_one_key_one_booking,)),
    Invariant("I3", "versions 1 to n, never seen backwards", (i3_versions_in_order,)),
    Invariant("I4", "every event takes effect once", (i4_handled_once,)),
    Invariant("I5", "one nurse a visit, no nurse in two places", (i5_one_nurse_a_visit,)),
    Invariant("I6", "plans count by one, none dispatched after its end", (i6_plans_in_order,)),
    Invariant(
        "I7",
        "outboxes and topics agree, everybody is answered in time",
        (i7_outbox_and_topics_agree, i7_everybody_is_answered),
    ),
    Invariant("I8", "webhooks delivered at least once, signed", (), "not yet: no webhooks"),
    Invariant("I9", "the audit chain is unbroken", (), "not yet: no audit chain"),
    Invariant("I10", "no canary on topics or in logs", (i10_no_canary,)),
    Invariant("I11", "a cancelled visit is never dispatched", (i11_cancelled_stays_cancelled,)),
)


def check(history: History) -> list[Violation]:
    """Return everything that contradicts an invariant."""
    return [violation for invariant in INVARIANTS for examine in invariant.checks for violation in examine(history)]
