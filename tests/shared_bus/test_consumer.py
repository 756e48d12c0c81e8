"""What the consumer does when things around it fail."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import registry
from structlog.testing import capture_logs

from shared.bus.dead_letters import list_dead_letters
from shared.bus.handling import Deps
from shared.bus.log import LogBus
from shared.bus.port import LaneRevokedError, Message, Record, Subscription, TopicPartition
from shared.clock import new_id, utc_now
from shared.errors import PoisonError, TransientError
from shared.events.booking import VisitCancelled
from shared.events.envelope import encode
from shared.events.ids import EventId
from shared.events.topics import DEAD_LETTER_SUFFIX
from tests.contract.conditions import running, until
from tests.contract.room import TinyRoom, fact, on_visit_cancelled
from tests.shared_bus.failures import locked


def message(visit: int, version: int) -> Message:
    """Return an event as a producer sends it."""
    return encode(fact(visit, version), event_id=EventId(new_id()), source="/rounds/test", time=utc_now())


async def settled(room: TinyRoom, count: int) -> None:
    """Wait until the room has this many effects."""

    async def reached() -> bool:
        return len(await room.effects()) >= count

    await until(reached)


class Wrapped:
    """A subscription whose polls and commits a test takes into its own hands."""

    def __init__(self, inner: Subscription) -> None:
        self.inner = inner
        self.lag, self.rewind = inner.lag, inner.rewind
        self.commits = 0

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Record]:
        """Pass on."""
        return await self.inner.poll(max_records, wait_seconds)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Pass on."""
        self.commits += 1
        await self.inner.commit(offsets)


class Deaf(Wrapped):
    """A subscription that hears nothing, as a client may after its broker came back."""

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Record]:
        """Return nothing, though there is something."""
        del max_records
        await asyncio.sleep(wait_seconds)
        return ()


class Hung(Wrapped):
    """A subscription whose poll never returns."""

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Record]:
        """Hang."""
        del max_records, wait_seconds
        await asyncio.Event().wait()
        return ()


class Robbed(Wrapped):
    """A subscription that loses its lanes before the first commit."""

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Refuse the first."""
        self.commits += 1
        if self.commits == 1:
            message = "Everything went to another member."
            raise LaneRevokedError(message)
        await self.inner.commit(offsets)


class WrappingBus(LogBus):
    """A bus whose first subscription is of a given kind, the next ones plain."""

    def __init__(self, path: Path, kind: type[Wrapped]) -> None:
        super().__init__(path)
        self.kinds = [kind]

    @asynccontextmanager
    async def subscribe(self, group: str, topics: Sequence[str]) -> AsyncIterator[Subscription]:  # type: ignore[override]
        """Join a group."""
        async with super().subscribe(group, topics) as inner:
            yield self.kinds.pop()(inner) if self.kinds else inner


async def consume_through(kind: type[Wrapped], room: TinyRoom, path: Path) -> int:
    """Handle two events over a subscription of this kind; return how often it was made anew."""
    bus = WrappingBus(path, kind)
    await bus.start()
    await bus.publish([message(1, 1), message(1, 2)])
    room.settings = replace(room.settings, poll_seconds=0.02, stalled_seconds=0.05)
    consumer = room.consumer(bus)
    async with running(consumer.run):
        await settled(room, 2)
    assert len(await room.effects()) == 2
    await bus.stop()
    return consumer.tally.rebuilt


async def test_a_subscription_that_hears_nothing_while_records_wait_is_made_anew(
    room: TinyRoom, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        assert await consume_through(Deaf, room, tmp_path / "log") == 1
    assert "rebuilt_subscription" in [entry["event"] for entry in logs]


async def test_a_poll_that_hangs_is_given_up(room: TinyRoom, tmp_path: Path) -> None:
    assert await consume_through(Hung, room, tmp_path / "log") == 1


async def test_a_refused_commit_costs_a_redelivery_and_no_double(room: TinyRoom, tmp_path: Path) -> None:
    bus = WrappingBus(tmp_path / "log", Robbed)
    await bus.start()
    await bus.publish([message(1, 1), message(1, 2)])
    consumer = room.consumer(bus)
    async with running(consumer.run):

        async def repeated() -> bool:
            return consumer.tally.repeated == 2

        await until(repeated)
    assert len(await room.effects()) == 2
    await bus.stop()


async def test_a_silent_bus_with_nothing_to_say_is_left_alone(bus: LogBus, room: TinyRoom) -> None:
    room.settings = replace(room.settings, poll_seconds=0.001, stalled_seconds=0.001)
    consumer = room.consumer(bus)
    async with running(consumer.run):
        for _ in range(20):
            await asyncio.sleep(0.002)
        await bus.publish([message(1, 1)])
        await settled(room, 1)
    assert consumer.tally.rebuilt == 0


async def test_a_bus_that_goes_and_comes_back_is_found_again_and_logged_once(room: TinyRoom, tmp_path: Path) -> None:
    bus = LogBus(tmp_path / "log")
    consumer = room.consumer(bus)
    with capture_logs() as logs:
        async with running(consumer.run):

            async def missed() -> bool:
                return consumer._lost_bus >= 3

            await until(missed)
            await bus.start()
            await bus.publish([message(1, 1)])
            await settled(room, 1)
    assert [entry["event"] for entry in logs] == ["lost_bus", "found_bus"]
    await bus.stop()


async def test_a_handler_that_takes_too_long_is_broken_off_and_tried_again(bus: LogBus, room: TinyRoom) -> None:
    calls = 0

    async def slow(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        nonlocal calls
        calls += 1
        await on_visit_cancelled(event, deps)
        if calls < 3:
            await asyncio.Event().wait()

    room.settings = replace(room.settings, handler_seconds=0.05)
    await bus.publish([message(1, 1)])
    async with running(room.consumer(bus, handlers={VisitCancelled: slow}).run):
        await settled(room, 1)
    assert calls == 3
    assert len(await room.effects()) == 1


async def test_a_database_that_is_locked_is_waited_for_however_often(bus: LogBus, room: TinyRoom) -> None:
    failures = 0

    async def unlucky(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        nonlocal failures
        if failures < 3 * room.settings.attempts:
            failures += 1
            raise locked()
        await on_visit_cancelled(event, deps)

    await bus.publish([message(1, 1)])
    async with running(room.consumer(bus, handlers={VisitCancelled: unlucky}).run):
        await settled(room, 1)
    assert await list_dead_letters(bus) == []


async def test_a_handler_never_sees_what_the_one_before_it_left_in_the_session(bus: LogBus, room: TinyRoom) -> None:
    class Row:
        def __init__(self, event_id: str, key: str, version: int) -> None:
            self.event_id, self.key, self.version = event_id, key, version

    registry().map_imperatively(Row, room.effect)
    left_over = []
    kept: list[Row] = []  # else they would be collected, and leave the session by themselves

    async def write(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        left_over.append(len(deps.session.new) + len(list(deps.session.identity_map.values())))
        kept.append(Row(str(deps.envelope.id), event.key(), event.aggregate_version))
        deps.session.add(kept[-1])

    await bus.publish([message(1, version) for version in (1, 2, 3)])
    async with running(room.consumer(bus, handlers={VisitCancelled: write}).run):
        await settled(room, 3)
    assert left_over == [0, 0, 0]


async def test_one_bad_record_in_a_burst_takes_none_of_the_others_with_it(bus: LogBus, room: TinyRoom) -> None:
    async def picky(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        await on_visit_cancelled(event, deps)
        if event.aggregate_version == 5:
            message = "Not this one."
            raise PoisonError(message)

    room.settings = replace(room.settings, batch=100)
    await bus.publish([message(1, version) for version in range(1, 11)])
    async with running(room.consumer(bus, handlers={VisitCancelled: picky}).run):
        await settled(room, 9)
    assert [version for _, _, version in await room.effects()] == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert [letter.reason for letter in await list_dead_letters(bus)] == ["Not this one."]


class NoDeadLetters(LogBus):
    """A bus that takes dead letters only at the third try."""

    tries = 0

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish, or fail."""
        if messages[0].topic.endswith(DEAD_LETTER_SUFFIX):
            self.tries += 1
            if self.tries < 3:
                message = "The bus is away."
                raise TransientError(message)
        await super().publish(messages)


async def test_a_record_is_not_passed_over_before_its_dead_letter_is_written(room: TinyRoom, tmp_path: Path) -> None:
    bus = NoDeadLetters(tmp_path / "log")
    await bus.start()
    good = message(1, 2)
    await bus.publish([Message(good.topic, good.key, b"{", good.headers), good])
    async with running(room.consumer(bus).run):
        await settled(room, 1)
    assert bus.tries == 3
    assert len(await list_dead_letters(bus)) == 1
    await bus.stop()


async def test_the_inbox_forgets_what_is_older_than_it_keeps(bus: LogBus, room: TinyRoom) -> None:
    await bus.publish([message(1, 1)])
    room.settings = replace(room.settings, poll_seconds=0.01, keep=timedelta(0), prune_every=timedelta(0))

    async def forgotten() -> bool:
        async with room.db.reading() as session:
            rows = await (await session.connection()).execute(room.inbox.table.select())
            return len(await room.effects()) == 1 and not rows.all()

    async with running(room.consumer(bus).run):
        await until(forgotten)


async def test_the_inbox_forgets_a_few_at_a_time_the_oldest_first(room: TinyRoom) -> None:
    start = utc_now()
    async with room.db.transaction() as session:
        for minute in range(7):
            event_id = EventId(UUID(int=7 - minute))
            await room.inbox.first_sight(session, "tiny", event_id, start + timedelta(minutes=minute))
    before = start + timedelta(minutes=5)
    went = []
    for _ in range(3):
        async with room.db.transaction() as session:
            went.append(await room.inbox.prune(session, before, 3))
    async with room.db.reading() as session:
        kept = await (await session.connection()).execute(select(room.inbox.table.c.event_id))
        assert {event_id.int for (event_id,) in kept} == {1, 2}
    assert went == [3, 2, 0]


async def test_a_consumer_goes_on_forgetting_while_there_is_more(bus: LogBus, room: TinyRoom) -> None:
    async with room.db.transaction() as session:
        for number in range(7):
            await room.inbox.first_sight(session, "tiny", EventId(UUID(int=number)), utc_now() - timedelta(days=500))
    room.settings = replace(room.settings, poll_seconds=0.01, prune_rows=2)

    async def forgotten() -> bool:
        async with room.db.reading() as session:
            return not (await (await session.connection()).execute(room.inbox.table.select())).all()

    async with running(room.consumer(bus).run):
        await until(forgotten)


async def test_pruning_waits_when_the_database_is_locked(bus: LogBus, room: TinyRoom) -> None:
    async def unlucky(*_: object) -> int:
        raise locked()

    room.inbox.prune = unlucky  # type: ignore[assignment,method-assign]
    await bus.publish([message(1, 1)])
    with capture_logs() as logs:
        async with running(room.consumer(bus).run):
            await settled(room, 1)

            async def noted() -> bool:
                return bool(logs)

            await until(noted)
    assert [entry["event"] for entry in logs] == ["postponed_pruning"]
