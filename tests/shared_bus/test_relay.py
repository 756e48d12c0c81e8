"""The relay and its lease: everything is published, in order, by one at a time."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Table, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from structlog.testing import capture_logs

from shared.bus.log import LogBus
from shared.bus.port import Message, Record
from shared.clock import utc_now
from shared.db.lease import is_gone, new_holder
from shared.db.relay import LEASE, RelaySettings
from shared.errors import ConfigurationError, PoisonError, TransientError
from shared.events.booking import VisitCancelled
from shared.events.topics import RECORD_BYTES, VISITS
from tests.contract.conditions import running, until
from tests.contract.room import BRISK_RELAY, TinyRoom, fact
from tests.shared_bus.failures import locked

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=15)


async def published(bus: LogBus) -> list[Record]:
    """Return all that was published."""
    return [record async for record in bus.tail([VISITS], from_start=True, follow=False)]


async def drained(room: TinyRoom) -> None:
    """Wait until the outbox holds nothing back."""

    async def empty() -> bool:
        return await room.waiting() == 0

    await until(empty)


def ids(records: Sequence[Record]) -> list[str]:
    """Return the records' event ids."""
    return [record.headers["ce_id"].decode() for record in records]


async def test_what_no_bus_would_take_is_refused_where_it_is_said(bus: LogBus, room: TinyRoom) -> None:
    """In the outbox it would be read first, and fail, for ever."""
    with pytest.raises(PoisonError, match="and the bus takes"):
        await room.say(fact(1, 1).model_copy(update={"reason": "x" * RECORD_BYTES}))
    assert await room.waiting() == 0
    async with running(room.relay(bus).run):
        said = await room.say(fact(1, 1))
        await drained(room)
    assert ids(await published(bus)) == [str(event_id) for event_id in said]


async def test_rows_are_published_in_the_order_of_insertion_whoever_inserted(bus: LogBus, room: TinyRoom) -> None:
    async def writer(visit: int) -> list[str]:
        return [event_id for version in range(1, 21) for event_id in await room.say(fact(visit, version))]

    async with running(room.relay(bus).run):
        said = await asyncio.gather(*(writer(visit) for visit in range(4)))
        await drained(room)
    by_key: dict[bytes, list[str]] = {}
    for record in await published(bus):
        by_key.setdefault(record.key, []).append(record.headers["ce_id"].decode())
    assert sorted(by_key.values()) == sorted(said)


async def test_of_two_relays_one_publishes_and_each_row_once(bus: LogBus, room: TinyRoom) -> None:
    said: list[str] = []
    async with running(room.relay(bus).run, room.relay(bus).run):
        for version in range(1, 31):
            said += await room.say(fact(1, version))
        await drained(room)
    assert ids(await published(bus)) == said


async def test_control_two_relays_without_a_lease_publish_twice(bus: LogBus, room: TinyRoom) -> None:
    async def taken(*_: object, **__: object) -> bool:
        return True

    room.leases.take = taken  # type: ignore[method-assign]  # the guard is off
    await room.say(*(fact(1, version) for version in range(1, 31)))
    async with running(room.relay(bus).run, room.relay(bus).run):
        await drained(room)
    assert len(await published(bus)) > 30


async def test_a_relay_that_stops_publishes_what_waits_and_gives_its_lease_back(bus: LogBus, room: TinyRoom) -> None:
    settings = RelaySettings(gather_seconds=60, poll_seconds=60)
    stop = asyncio.Event()
    relay = asyncio.create_task(room.relay(bus, settings).run(stop))
    await room.say(fact(1, 1))
    stop.set()
    await relay
    assert len(await published(bus)) == 1
    async with room.db.transaction() as session:
        assert await room.leases.take(session, LEASE, new_holder(), now=utc_now(), until=utc_now())


async def test_a_relay_that_is_cancelled_gives_its_lease_back(bus: LogBus, room: TinyRoom) -> None:
    relay = asyncio.create_task(room.relay(bus).run(asyncio.Event()))
    await room.say(fact(1, 1))
    await drained(room)
    relay.cancel()
    await asyncio.wait([relay])
    async with running(room.relay(bus).run):
        await room.say(fact(1, 2))
        await drained(room)
    assert len(await published(bus)) == 2


class FlakyBus(LogBus):
    """A bus that can be told to be away."""

    away = True
    attempts = 0

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish, or fail."""
        self.attempts += 1
        if self.away:
            message = "The bus is away."
            raise TransientError(message)
        await super().publish(messages)


async def test_while_the_bus_is_away_the_outbox_grows_and_then_goes_out_in_order(
    room: TinyRoom, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bus = FlakyBus(tmp_path_factory.mktemp("bus") / "log")
    await bus.start()
    said = await room.say(fact(1, 1))
    with capture_logs() as logs:
        async with running(room.relay(bus).run):

            async def tried() -> bool:
                return bus.attempts >= 4

            await until(tried)
            for version in range(2, 12):
                said += await room.say(fact(1, version))
            assert await room.waiting() == 11
            bus.away = False
            await drained(room)
    assert ids(await published(bus)) == said
    assert [entry["event"] for entry in logs] == ["paused_relay", "resumed_relay"]
    assert logs[0]["reason"] == "The bus is away."
    await bus.stop()


async def test_a_failure_that_does_not_pass_ends_the_relay(bus: LogBus, room: TinyRoom) -> None:
    async def broken(_session: AsyncSession, _limit: int) -> list[object]:
        message = "no such column"
        raise LookupError(message)

    room.outbox.waiting = broken  # type: ignore[assignment,method-assign]
    with pytest.raises(LookupError, match="no such column"):
        await room.relay(bus).run(asyncio.Event())


async def test_a_lost_lease_stops_the_publishing(bus: LogBus, room: TinyRoom) -> None:
    now = NOW
    relay = room.relay(bus)
    relay._clock = lambda: now
    assert await relay._hold_lease()
    now = LATER + timedelta(seconds=1)  # the process was suspended; meanwhile another took over
    async with room.db.transaction() as session:
        assert await room.leases.take(session, LEASE, new_holder(), now=now, until=now + timedelta(seconds=15))
    await room.say(fact(1, 1))
    await relay._drain()
    assert await published(bus) == []
    assert await room.waiting() == 1


async def test_published_rows_are_pruned_and_waiting_ones_never(bus: LogBus, room: TinyRoom) -> None:
    await room.say(fact(1, 1))
    async with running(room.relay(bus).run):
        await drained(room)
    await room.say(fact(1, 2))
    async with room.db.transaction() as session:
        assert await room.outbox.prune(session, utc_now() - timedelta(hours=1), 10) == 0
        assert await room.outbox.prune(session, utc_now() + timedelta(hours=1), 10) == 1
        assert (await room.outbox.backlog(session)).count == 1


async def rows_of(room: TinyRoom, table: Table) -> int:
    """Count a table's rows."""
    async with room.db.reading() as session:
        return int((await (await session.connection()).execute(select(func.count()).select_from(table))).scalar_one())


async def test_old_rows_of_the_outbox_go_a_few_at_a_time_until_none_is_left(bus: LogBus, room: TinyRoom) -> None:
    await room.say(*(fact(1, version) for version in range(1, 8)))
    went = []
    prune = room.outbox.prune

    async def watched(session: AsyncSession, before: datetime, limit: int) -> int:
        went.append(await prune(session, before, limit))
        return went[-1]

    async def empty() -> bool:
        return not await rows_of(room, room.outbox.table)

    room.outbox.prune = watched  # type: ignore[method-assign]
    settings = replace(BRISK_RELAY, keep=timedelta(0), prune_rows=3, poll_seconds=0.01, gather_seconds=0)
    async with running(room.relay(bus, settings).run):
        await until(empty)
    assert went == [3, 3, 1]


async def test_pruning_that_fails_is_not_tried_again_at_once(bus: LogBus, room: TinyRoom) -> None:
    tries = 0

    async def too_long(*_: object) -> int:
        nonlocal tries
        tries += 1
        raise locked()

    room.outbox.prune = too_long  # type: ignore[assignment,method-assign]
    async with running(room.relay(bus, replace(BRISK_RELAY, poll_seconds=0.01)).run):
        for version in range(1, 6):
            await room.say(fact(1, version))
            await drained(room)
    assert tries == 1


async def test_the_backlog_knows_since_when_it_waits(room: TinyRoom) -> None:
    async with room.db.reading() as session:
        assert (await room.outbox.backlog(session)).oldest is None
    before = utc_now()
    await room.say(fact(1, 1))
    await room.say(fact(1, 2))
    async with room.db.reading() as session:
        backlog = await room.outbox.backlog(session)
    assert backlog.count == 2
    assert backlog.oldest is not None
    assert before <= backlog.oldest <= utc_now()


async def test_an_event_for_an_unlisted_topic_is_refused_before_it_is_written(
    room: TinyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VisitCancelled, "topic", "rounds.nobody.v1")
    with pytest.raises(ConfigurationError, match="Add it there"):
        await room.say(fact(1, 1))
    assert await room.waiting() == 0


async def take(room: TinyRoom, holder: str, now: datetime) -> bool:
    """Try to take a lease for 15 seconds."""
    async with room.db.transaction() as session:
        return await room.leases.take(session, "duty", holder, now=now, until=now + timedelta(seconds=15))


async def test_a_lease_belongs_to_its_holder_until_it_runs_out(room: TinyRoom) -> None:
    one, two = new_holder(), new_holder()
    assert await take(room, one, NOW)
    assert not await take(room, two, NOW)
    assert await take(room, one, NOW + timedelta(seconds=14))
    assert not await take(room, two, NOW + timedelta(seconds=16))
    assert await take(room, two, NOW + timedelta(seconds=30))
    assert not await take(room, one, NOW + timedelta(seconds=30))


async def test_a_lease_given_back_is_free_and_only_its_holder_can_give_it_back(room: TinyRoom) -> None:
    one, two = new_holder(), new_holder()
    assert await take(room, one, NOW)
    async with room.db.transaction() as session:
        await room.leases.release(session, "duty", two)
    assert not await take(room, two, NOW)
    async with room.db.transaction() as session:
        await room.leases.release(session, "duty", one)
    assert await take(room, two, NOW)


async def test_the_lease_of_a_dead_process_is_taken_over_at_once(room: TinyRoom) -> None:
    script = "from shared.db.lease import new_holder; print(new_holder())"
    dead = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: ASYNC221, S603 - a process that is to die, ours
    assert await take(room, dead.stdout.strip(), NOW)
    assert await take(room, new_holder(), NOW)


def test_a_holder_is_gone_when_its_process_is() -> None:
    host, pid, started, own = new_holder().split("/")
    assert not is_gone(f"{host}/{pid}/{started}/{own}")
    assert is_gone(f"{host}/{pid}/1.0/{own}")  # the number lives on in another process
    assert not is_gone(f"{host}/{pid}/{float(started) + 1}/{own}")  # clocks are set while systems run
    assert not is_gone(f"elsewhere/{pid}/1.0/{own}")
    assert (host, pid) == (socket.gethostname(), str(os.getpid()))


async def test_a_database_that_is_away_at_the_end_leaves_the_lease_to_run_out(bus: LogBus, room: TinyRoom) -> None:
    async def away(*_: object) -> None:
        raise locked()

    room.leases.release = away  # type: ignore[assignment,method-assign]
    stop = asyncio.Event()
    stop.set()
    with capture_logs() as logs:
        await room.relay(bus).run(stop)
    assert [entry["event"] for entry in logs] == ["left_lease"]
