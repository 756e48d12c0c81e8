"""Two processes of a room at the same rows: each test holds one transaction open while the other comes along."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.dispatch import handlers
from services.dispatch.handlers import HANDLERS
from services.dispatch.store.models import outbox
from shared.bus.handling import Deps
from shared.bus.log import LogBus
from shared.clock import new_id
from shared.db.lease import new_holder
from shared.db.session import Database
from shared.events.dispatch import AssignmentWithdrawn, VisitAssigned
from shared.events.envelope import Envelope
from shared.events.ids import EventId
from shared.events.registry import Event
from tests.contract.room import TinyRoom, fact
from tests.databases import on_database
from tests.dispatch.floor import NOW, Floor, cancelled, open_floor, planned_events, route, stop, visit

WAITS_SECONDS = 0.3
ONE, TWO = visit(1), visit(2)


async def waits(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Begin what must wait for a transaction that is open now."""
    begun = asyncio.create_task(work)
    await asyncio.sleep(WAITS_SECONDS)
    assert not begun.done(), "it did not wait"
    return begun


@pytest.fixture
async def rooms(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[TinyRoom, TinyRoom]]:
    """Two processes' handles on one small room."""
    first = replace(TinyRoom.at(tmp_path / "unused.sqlite"), db=Database(database_url))
    second = replace(first, db=Database(database_url))
    await first.create()
    yield first, second
    await first.db.close()
    await second.db.close()


async def test_of_two_that_see_an_event_at_once_one_is_first(rooms: tuple[TinyRoom, TinyRoom]) -> None:
    mine, other = rooms
    event_id = EventId(new_id())

    async def see(room: TinyRoom) -> bool:
        async with room.db.transaction() as session:
            return await room.inbox.first_sight(session, "group", event_id, NOW)

    async with mine.db.transaction() as session:
        assert await mine.inbox.first_sight(session, "group", event_id, NOW)
        second = await waits(see(other))
    assert await second is False


async def test_the_second_to_see_an_event_has_it_when_the_first_gives_up(rooms: tuple[TinyRoom, TinyRoom]) -> None:
    mine, other = rooms
    event_id = EventId(new_id())

    async def see(room: TinyRoom) -> bool:
        async with room.db.transaction() as session:
            return await room.inbox.first_sight(session, "group", event_id, NOW)

    async with mine.db.transaction() as session:
        await mine.inbox.first_sight(session, "group", event_id, NOW)
        second = await waits(see(other))
        await session.rollback()
    assert await second is True


async def test_events_of_one_aggregate_go_out_in_the_order_of_their_versions(rooms: tuple[TinyRoom, TinyRoom]) -> None:
    """The row of the aggregate is locked before its event is said, so a number is never drawn out of turn."""
    mine, other = rooms
    async with mine.db.transaction() as session:
        values = {"n": 1, "event_id": "", "key": "one", "version": 0}
        await (await session.connection()).execute(insert(mine.effect), values)

    async def change(room: TinyRoom) -> None:
        async with room.db.transaction() as session:
            connection = await session.connection()
            row = (await connection.execute(select(room.effect).with_for_update())).one()
            await connection.execute(room.effect.update().values(version=row.version + 1))
            await asyncio.sleep(0.001)
            await room.outbox.add(session, fact(1, row.version + 1))

    await asyncio.gather(*(change(room) for room in (mine, other) * 15))
    async with mine.db.reading() as session:
        waiting = await mine.outbox.waiting(session, 100)
    assert [b'"aggregate_version":%d,' % n in row.message.value for n, row in enumerate(waiting, 1)] == [True] * 30


async def test_a_row_with_a_lower_number_that_is_committed_later_is_not_passed_over(
    rooms: tuple[TinyRoom, TinyRoom], tmp_path: Path
) -> None:
    mine, other = rooms
    bus = LogBus(tmp_path / "log.sqlite")
    await bus.start()
    async with mine.db.transaction() as session:
        await mine.outbox.add(session, fact(1, 1))
        await other.say(fact(2, 1))
        relay = other.relay(bus)
        await relay._shift()
        assert await other.waiting() == 0
    assert await other.waiting() == 1
    await relay._shift()
    assert await other.waiting() == 0
    await relay._release()
    await bus.stop()


async def test_of_two_relays_one_has_the_lease_until_it_runs_out(rooms: tuple[TinyRoom, TinyRoom]) -> None:
    mine, other = rooms
    now = datetime.now(UTC)
    holders = {id(room): new_holder() for room in rooms}

    async def take(room: TinyRoom, at: datetime) -> bool:
        async with room.db.transaction() as session:
            return await room.leases.take(session, "relay", holders[id(room)], now=at, until=at + timedelta(seconds=15))

    taken = await asyncio.gather(*(take(room, now) for room in rooms))
    assert sorted(taken) == [False, True]
    winner, loser = (mine, other) if taken[0] else (other, mine)
    assert await take(loser, now + timedelta(seconds=14)) is False
    assert await take(loser, now + timedelta(seconds=16)) is True
    assert await take(winner, now + timedelta(seconds=17)) is False, "the zombie that wakes up has lost it"


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres)])
async def floor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Floor]:
    async with on_database(request, "dispatch"), open_floor(tmp_path) as running:
        yield running


async def hear(floor: Floor, event: Event, then: Coroutine[Any, Any, Any] | None = None) -> asyncio.Task[Any] | None:
    """Have the room hear an event in a transaction that stays open until something else was begun and waits for it."""
    envelope = Envelope(EventId(new_id()), event.event_type, "/test", NOW, event.key(), None, None, event)
    async with floor.state.db.transaction() as session:
        await HANDLERS[type(event)](event, Deps(session, envelope, floor.state, outbox))
        return await waits(then) if then else None


@pytest.mark.parametrize("first", ["plan", "cancellation"])
async def test_a_visit_cancelled_while_it_is_handed_out_is_nobodys(floor: Floor, first: str) -> None:
    ann = await floor.shift()
    *routes, committed = planned_events(1, [route(ann, stop(ONE, 10), stop(TWO, 60))])
    await floor.hear(*routes)
    await floor.said()
    events: list[Event] = [committed, cancelled(ONE)]
    if first == "cancellation":
        events.reverse()
    second = await hear(floor, events[0], floor.hear(events[1]))
    assert second is not None
    await second
    given: set[object] = set()
    for event in await floor.said():
        if isinstance(event, VisitAssigned):
            given.add(event.visit_id)
        if isinstance(event, AssignmentWithdrawn):
            given.discard(event.visit_id)
    assert given == {TWO}
    assert [one["visit_id"] for one in (await floor.assignments())["assignments"]] == [str(TWO)]


async def test_without_turns_the_visit_would_be_handed_out(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above: what the turns are for does happen without them."""

    async def take_no_turn(*_: object, **__: object) -> None:
        pass

    monkeypatch.setattr(handlers, "take_turn", take_no_turn)
    ann = await floor.shift()
    *routes, committed = planned_events(1, [route(ann, stop(ONE, 10))])
    await floor.hear(*routes)
    envelope = Envelope(EventId(new_id()), committed.event_type, "/test", NOW, committed.key(), None, None, committed)
    async with floor.state.db.transaction() as session:
        await HANDLERS[type(committed)](committed, Deps(session, envelope, floor.state, outbox))
        await floor.hear(cancelled(ONE))
    assert [one["visit_id"] for one in (await floor.assignments())["assignments"]] == [str(ONE)]


async def test_plans_of_two_days_do_not_wait_for_each_other(floor: Floor) -> None:
    ann = await floor.shift()
    *routes, committed = planned_events(1, [route(ann, stop(ONE, 10))])
    await floor.hear(*routes)
    later = committed.model_copy(update={"date": committed.date + timedelta(days=1), "routes": ()})  # type: ignore[attr-defined]
    envelope = Envelope(EventId(new_id()), committed.event_type, "/test", NOW, committed.key(), None, None, committed)
    async with floor.state.db.transaction() as session, asyncio.timeout(4):
        await HANDLERS[type(committed)](committed, Deps(session, envelope, floor.state, outbox))
        await floor.hear(later)


async def test_an_act_during_a_plan_counts_after_it(floor: Floor) -> None:
    """The plan moves the visit to Bea; Ann's tap waits, and is then told that it is not hers any more."""
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    await floor.plan(1, route(ann, stop(ONE, 10)), route(bea))
    *routes, committed = planned_events(2, [route(ann), route(bea, stop(ONE, 10))])
    await floor.hear(*routes)
    tap = await hear(floor, committed, floor.act(ann, ONE, "en_route"))
    assert tap is not None
    reply = await tap
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/not-yours")


async def test_a_plan_during_an_act_leaves_the_visit_with_who_is_on_her_way(floor: Floor) -> None:
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    await floor.plan(1, route(ann, stop(ONE, 10)), route(bea))
    *routes, committed = planned_events(2, [route(ann), route(bea, stop(ONE, 10))])
    await floor.hear(*routes)
    results = await asyncio.gather(floor.act(ann, ONE, "en_route"), floor.hear(committed))
    assignments = (await floor.assignments())["assignments"]
    assert [one["visit_id"] for one in assignments] == [str(ONE)]
    taken = results[0].status_code == 200
    assert assignments[0]["nurse_ref"] == ("N01" if taken else "N02")


async def test_a_double_tap_at_the_same_moment_gets_the_same_answer_twice(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, *(stop(visit(n), 10 + 30 * n) for n in range(1, 6))))
    for number in range(1, 6):
        act_id = new_id()
        taps = await asyncio.gather(*(floor.act(ann, visit(number), "accept", act_id) for _ in range(3)))
        assert [tap.status_code for tap in taps] == [200, 200, 200]
        assert len({tap.content for tap in taps}) == 1
