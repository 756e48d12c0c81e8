"""Outbox, relay, bus, consumer and inbox together: every event takes effect once, in the order of its key."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from shared.bus.dead_letters import discard, list_dead_letters, replay
from shared.bus.handling import Deps
from shared.bus.port import Bus, Message
from shared.clock import new_id, utc_now
from shared.errors import ConfigurationError, PoisonError, TransientError
from shared.events.booking import VisitCancelled, VisitRequested
from shared.events.envelope import encode
from shared.events.ids import EventId
from shared.events.topics import VISITS
from tests.contract.conditions import running, until
from tests.contract.drill import forget
from tests.contract.room import TinyRoom, doubles, fact, on_visit_cancelled, out_of_order


def message(visit: int, version: int, reason: str = "patient") -> Message:
    """Return an event as a producer sends it."""
    return encode(fact(visit, version, reason), event_id=EventId(new_id()), source="/rounds/test", time=utc_now())


def relabelled(original: Message, event_type: str) -> Message:
    """Return a message under another event type."""
    return Message(original.topic, original.key, original.value, {**original.headers, "ce_type": event_type.encode()})


async def settled(room: TinyRoom, count: int) -> None:
    """Wait until the room has this many effects."""

    async def reached() -> bool:
        return len(await room.effects()) >= count

    await until(reached)


async def test_what_is_said_in_a_transaction_takes_effect_once_and_in_order(bus: Bus, room: TinyRoom) -> None:
    said = []
    async with running(room.relay(bus).run, room.consumer(bus).run):
        for version in range(1, 6):
            said += await room.say(*(fact(visit, version) for visit in range(8)))
        await settled(room, 40)
    effects = await room.effects()
    assert sorted(event_id for event_id, _, _ in effects) == sorted(said)
    assert not out_of_order(effects)
    assert await room.waiting() == 0


async def test_what_a_rolled_back_transaction_said_is_never_published(bus: Bus, room: TinyRoom) -> None:
    with suppress(asyncio.CancelledError):
        async with room.db.transaction() as session:
            await room.outbox.add(session, fact(1, 1))
            raise asyncio.CancelledError
    said = await room.say(fact(2, 1))
    async with running(room.relay(bus).run, room.consumer(bus).run):
        await settled(room, 1)
    assert [event_id for event_id, _, _ in await room.effects()] == said


@pytest.mark.parametrize("together", [0.0, 0.05], ids=["one by one", "in bursts"])
async def test_an_event_that_comes_thrice_takes_effect_once(bus: Bus, room: TinyRoom, together: float) -> None:
    room.settings = room.settings.__class__(burst_seconds=together)
    once = [message(visit, 1) for visit in range(4)]
    consumer = room.consumer(bus)
    async with running(consumer.run):
        await bus.publish([*once, *once])
        await bus.publish(once)

        async def all_seen() -> bool:
            return consumer.tally.handled + consumer.tally.repeated == 12

        await until(all_seen)
    assert len(await room.effects()) == 4
    assert consumer.tally.repeated == 8


async def test_control_without_an_inbox_the_check_finds_the_doubles(bus: Bus, room: TinyRoom) -> None:
    forget(room.inbox)
    twice = [message(visit, 1) for visit in range(4)]
    async with running(room.consumer(bus).run):
        await bus.publish([*twice, *twice])
        await settled(room, 8)
    assert len(doubles(await room.effects())) == 4


async def test_what_a_handler_says_carries_the_first_cause_on(bus: Bus, room: TinyRoom) -> None:
    async def answer(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        await on_visit_cancelled(event, deps)
        if event.reason == "question":
            await deps.emit(fact(2, 1, "answer"))

    async with room.db.transaction() as session:
        await room.outbox.add(session, fact(1, 1, "question"), correlation_id="booking-7")
    consumer = room.consumer(bus, handlers={VisitCancelled: answer})
    async with running(room.relay(bus).run, consumer.run):
        await settled(room, 2)
    records = [record async for record in bus.tail([VISITS], from_start=True, follow=False)]
    assert [record.headers["ce_correlationid"] for record in records] == [b"booking-7", b"booking-7"]
    assert records[0].headers["ce_requestedat"] == records[1].headers["ce_requestedat"]
    assert records[1].headers["ce_source"] == b"/rounds/tiny"


async def test_a_handler_that_speaks_without_an_outbox_is_told_so(bus: Bus, room: TinyRoom) -> None:
    async def answer(_event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        with pytest.raises(ConfigurationError, match="no outbox"):
            await Deps(deps.session, deps.envelope, deps.room, None).emit(fact(1, 1))
        await on_visit_cancelled(_event, deps)

    async with running(room.consumer(bus, handlers={VisitCancelled: answer}).run):
        await bus.publish([message(1, 1)])
        await settled(room, 1)


async def poisoned(bus: Bus, room: TinyRoom, bad: Sequence[Message]) -> None:
    """Put bad records before good ones of the same key, and wait for the good ones."""
    await bus.publish([*bad, message(1, 2), message(1, 3)])
    async with running(room.consumer(bus).run):
        await settled(room, 2)
    assert [version for _, _, version in await room.effects()] == [2, 3]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda good: Message(VISITS, good.key, b"{", good.headers), "not JSON"),
        (lambda good: Message(VISITS, good.key, b"[]", good.headers), "not a JSON object"),
        (lambda good: Message(VISITS, good.key, b"{}", good.headers), "does not fit its schema"),
        (lambda good: Message(VISITS, good.key, good.value, {}), "ce_id, ce_type"),
        (lambda good: Message(VISITS, good.key, good.value, {**good.headers, "ce_id": b"\xff"}), "not UTF-8"),
        (lambda good: relabelled(good, "rounds.booking.visit-cancelled.v9"), "newer than this release"),
    ],
    ids=["not json", "not an object", "wrong fields", "no headers", "not utf-8", "newer version"],
)
async def test_poison_goes_to_the_dead_letters_and_good_records_behind_it_go_on(
    bus: Bus,
    room: TinyRoom,
    spoil: Callable[[Message], Message],
    reason: str,
) -> None:
    bad = spoil(message(1, 1))
    with capture_logs() as logs:
        await poisoned(bus, room, [bad])
    (letter,) = await list_dead_letters(bus, [VISITS])
    assert reason in letter.reason
    assert (letter.place.lane.topic, letter.place.offset, letter.place.group) == (VISITS, 0, "tiny")
    assert (letter.original.key, letter.original.value, letter.original.headers) == (bad.key, bad.value, bad.headers)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["buried_record"]


async def test_an_event_type_nobody_knows_is_skipped(bus: Bus, room: TinyRoom) -> None:
    consumer = room.consumer(bus)
    await bus.publish([relabelled(message(1, 1), "rounds.booking.visit-dreamt-of.v1"), message(1, 2)])
    async with running(consumer.run):
        await settled(room, 1)
    assert consumer.tally.skipped == 1
    assert await list_dead_letters(bus, [VISITS]) == []


async def test_an_event_without_a_handler_here_is_skipped(bus: Bus, room: TinyRoom) -> None:
    handled = []

    async def on_requested(event: VisitRequested, _deps: Deps[TinyRoom]) -> None:
        handled.append(event)

    consumer = room.consumer(bus, handlers={VisitRequested: on_requested})
    await bus.publish([message(1, 1)])
    async with running(consumer.run):

        async def seen() -> bool:
            return consumer.tally.skipped == 1

        await until(seen)
    assert handled == []


async def test_a_transient_failure_is_retried_until_it_passes_and_is_logged_once(bus: Bus, room: TinyRoom) -> None:
    failures = 0

    async def flaky(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        nonlocal failures
        await on_visit_cancelled(event, deps)
        if event.aggregate_version == 2 and failures < 8:  # far beyond the attempts an unknown failure gets
            failures += 1
            message = "The map is away."
            raise TransientError(message)

    consumer = room.consumer(bus, handlers={VisitCancelled: flaky})
    await bus.publish([message(1, version) for version in (1, 2, 3)])
    with capture_logs() as logs:
        async with running(consumer.run):
            await settled(room, 3)
    assert [version for _, _, version in await room.effects()] == [1, 2, 3]
    assert await list_dead_letters(bus, [VISITS]) == []
    assert [entry["reason"] for entry in logs if entry["event"] == "retrying_record"] == ["The map is away."]


async def test_a_lane_that_waits_on_a_failure_does_not_hold_up_the_others(bus: Bus, room: TinyRoom) -> None:
    async def stuck(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        if event.reason == "stuck":
            message = "The map is away."
            raise TransientError(message)
        await on_visit_cancelled(event, deps)

    await bus.publish([message(0, 1, "stuck"), message(0, 2), *(message(visit, 1) for visit in range(1, 12))])
    records = [record async for record in bus.tail([VISITS], from_start=True, follow=False)]
    (waits,) = [record.lane for record in records if b"stuck" in record.value]
    elsewhere = [record for record in records if record.lane != waits]
    async with running(room.consumer(bus, handlers={VisitCancelled: stuck}).run):
        await settled(room, len(elsewhere))
    assert sorted(key for _, key, _ in await room.effects()) == sorted(record.key.decode() for record in elsewhere)
    async with running(room.consumer(bus).run):
        await settled(room, 13)
    assert not out_of_order(await room.effects())


async def test_an_unknown_failure_is_tried_a_few_times_then_buried_without_its_text(bus: Bus, room: TinyRoom) -> None:
    tries = 0

    async def broken(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        nonlocal tries
        if event.aggregate_version == 1:
            tries += 1
            message = "Ada Lovelace, 12 Analytical Street"
            raise ValueError(message)
        await on_visit_cancelled(event, deps)

    room.settings = room.settings.__class__(attempts=3, burst_seconds=0, first_pause_seconds=0.001)
    await bus.publish([message(1, 1)])
    consumer = room.consumer(bus, handlers={VisitCancelled: broken})
    with capture_logs() as logs:
        async with running(consumer.run):
            await bus.publish([message(1, 2)])
            await settled(room, 1)
    (letter,) = await list_dead_letters(bus, [VISITS])
    assert letter.reason.startswith("ValueError at ")
    assert letter.reason.endswith(", 3 attempts")
    assert "test_effects.py" in letter.reason
    assert "Ada" not in repr(letter.reason) + repr(logs)
    assert consumer.tally.buried == 1


async def test_a_handler_that_says_poison_is_believed_at_once(bus: Bus, room: TinyRoom) -> None:
    async def refuse(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        if event.aggregate_version == 1:
            message = "There is no such area."
            raise PoisonError(message)
        await on_visit_cancelled(event, deps)

    await bus.publish([message(1, 1), message(1, 2)])
    consumer = room.consumer(bus, handlers={VisitCancelled: refuse})
    async with running(consumer.run):
        await settled(room, 1)
    assert [letter.reason for letter in await list_dead_letters(bus, [VISITS])] == ["There is no such area."]
    assert consumer.tally.failures == 0


async def test_a_replay_reaches_the_group_that_failed_and_no_other(bus: Bus, room: TinyRoom) -> None:
    mended = False

    async def broken(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        if not mended:
            message = "There is no such area."
            raise PoisonError(message)
        await on_visit_cancelled(event, deps)

    failing = room.consumer(bus, "failing", {VisitCancelled: broken})
    fine = room.consumer(bus, "fine")
    await bus.publish([message(1, 1)])
    async with running(failing.run, fine.run):

        async def buried() -> bool:
            return len(await list_dead_letters(bus, [VISITS])) == 1 and len(await room.effects()) == 1

        await until(buried)
        mended = True
        (letter,) = await list_dead_letters(bus, [VISITS])
        await replay(bus, letter)
        await settled(room, 2)

        async def seen_by_both() -> bool:
            return failing.tally.handled == 1 and fine.tally.repeated == 1

        await until(seen_by_both)
    assert await list_dead_letters(bus, [VISITS]) == []
    assert len(await room.effects()) == 2


async def test_a_replay_that_fails_again_is_a_new_dead_letter(bus: Bus, room: TinyRoom) -> None:
    bad = relabelled(message(1, 1), "rounds.booking.visit-cancelled.v9")
    await bus.publish([bad])
    consumer = room.consumer(bus)
    async with running(consumer.run):

        async def buried_once() -> bool:
            return consumer.tally.buried == 1

        async def buried_twice() -> bool:
            return consumer.tally.buried == 2

        await until(buried_once)
        (first,) = await list_dead_letters(bus, [VISITS])
        await replay(bus, first)
        await until(buried_twice)
    (second,) = await list_dead_letters(bus, [VISITS + ".dlt"])
    assert second.place.offset == 1
    assert second.original == first.original


async def test_a_discarded_dead_letter_is_gone_and_nothing_is_sent(bus: Bus, room: TinyRoom) -> None:
    bad = relabelled(message(1, 1), "rounds.booking.visit-cancelled.v9")
    await poisoned(bus, room, [bad])
    (letter,) = await list_dead_letters(bus, [VISITS])
    assert (letter.event_type, letter.event_id) == ("rounds.booking.visit-cancelled.v9", bad.headers["ce_id"].decode())
    assert str(letter.place) == f"{VISITS}/{letter.place.lane.partition}/0/tiny"
    await discard(bus, letter)
    assert await list_dead_letters(bus, [VISITS]) == []
    assert len([record async for record in bus.tail([VISITS], from_start=True, follow=False)]) == 3


async def test_a_consumer_told_to_stop_leaves_the_rest_to_the_next(bus: Bus, room: TinyRoom) -> None:
    stop = asyncio.Event()

    async def last(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        await on_visit_cancelled(event, deps)
        stop.set()

    room.settings = room.settings.__class__(burst_seconds=0)
    await bus.publish([message(1, version) for version in (1, 2, 3)])
    await room.consumer(bus, handlers={VisitCancelled: last}).run(stop)
    assert [version for _, _, version in await room.effects()] == [1]
    consumer = room.consumer(bus)
    async with running(consumer.run):
        await settled(room, 3)
    assert consumer.tally.repeated == 0
