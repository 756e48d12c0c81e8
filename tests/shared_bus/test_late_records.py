"""A record that always takes too long must not block its lane for ever, nor be blamed for what is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.bus.dead_letters import list_dead_letters
from shared.bus.handling import Deps
from shared.bus.log import LogBus
from shared.events.booking import VisitCancelled
from tests.contract.conditions import running, until
from tests.contract.room import TinyRoom, on_visit_cancelled
from tests.shared_bus.failures import locked
from tests.shared_bus.test_consumer import message, settled


async def slow_on_the_first(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
    """Never come to an end with the first record."""
    if event.aggregate_version == 1:
        await asyncio.Event().wait()
    await on_visit_cancelled(event, deps)


async def test_a_record_that_always_takes_too_long_is_buried_and_those_behind_it_go_on(
    bus: LogBus, room: TinyRoom
) -> None:
    room.settings = replace(room.settings, handler_seconds=0.02, attempts=2, late_attempts=4)
    await bus.publish([message(1, 1), message(1, 2)])
    async with running(room.consumer(bus, handlers={VisitCancelled: slow_on_the_first}).run):
        await settled(room, 1)
    assert [version for _, _, version in await room.effects()] == [2]
    (letter,) = await list_dead_letters(bus)
    assert letter.reason.startswith("took too long: TimeoutError at ")
    assert letter.reason.endswith(", 4 attempts")


async def test_a_record_is_not_blamed_for_a_database_that_does_not_answer(bus: LogBus, room: TinyRoom) -> None:
    room.settings = replace(room.settings, handler_seconds=0.02, late_attempts=2)
    consumer = room.consumer(bus, handlers={VisitCancelled: slow_on_the_first})
    reading, asked = room.db.reading, 0

    @asynccontextmanager
    async def silent() -> AsyncIterator[AsyncSession]:
        nonlocal asked
        asked += 1
        if asked < 4:
            raise locked()
        async with reading() as session:
            yield session

    room.db.reading = silent  # type: ignore[method-assign]
    await bus.publish([message(1, 1)])

    async def buried() -> bool:
        return bool(await list_dead_letters(bus))

    async with running(consumer.run):
        await until(buried)
    (letter,) = await list_dead_letters(bus)
    assert letter.reason.endswith(", 5 attempts"), "two are enough, but at three of them nobody answered"


async def test_a_statement_that_the_server_breaks_off_each_time_is_the_records_own_fault(
    bus: LogBus, room: TinyRoom
) -> None:
    if room.db.is_file:
        pytest.skip("SQLite breaks no statement off")

    async def heavy(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        if event.aggregate_version == 1:
            connection = await deps.session.connection()
            await connection.exec_driver_sql("SET LOCAL statement_timeout = 10")
            await connection.exec_driver_sql("SELECT pg_sleep(5)")
        await on_visit_cancelled(event, deps)

    room.settings = replace(room.settings, late_attempts=3)
    await bus.publish([message(1, 1), message(1, 2)])
    async with running(room.consumer(bus, handlers={VisitCancelled: heavy}).run):
        await settled(room, 1)
    (letter,) = await list_dead_letters(bus)
    assert letter.reason.startswith("took too long: ")
    assert letter.reason.endswith(", 3 attempts")


async def test_what_was_waited_for_does_not_count_against_the_record(bus: LogBus, room: TinyRoom) -> None:
    failures = 0

    async def unlucky(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        nonlocal failures
        failures += 1
        if failures <= room.settings.attempts + 1:
            raise locked() if failures <= room.settings.attempts else ValueError
        await on_visit_cancelled(event, deps)

    await bus.publish([message(1, 1)])
    async with running(room.consumer(bus, handlers={VisitCancelled: unlucky}).run):
        await settled(room, 1)
    assert await list_dead_letters(bus) == []
