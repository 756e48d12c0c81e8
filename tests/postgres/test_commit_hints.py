"""A process of a room hears at once that another committed; without the hint it would find out at its next poll."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from deploy.dev.postgres import PostgresServer
from shared.db import commit_hints
from shared.db.postgres import PostgresServer as PostgresRoom
from shared.db.session import Database

if TYPE_CHECKING:
    from shared.db.postgres import PgConnection

SOON_SECONDS = 10
QUIET_SECONDS = 0.3


@pytest.fixture
async def two(database_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two processes' handles on one database."""
    first, second = Database(database_url), Database(database_url)
    async with first.writer.begin() as connection:
        await connection.execute(text("CREATE TABLE fact (n serial)"))
    yield first, second
    await first.close()
    await second.close()


async def write(database: Database) -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(text("INSERT INTO fact DEFAULT VALUES"))


async def heard(event: asyncio.Event, seconds: float = SOON_SECONDS) -> bool:
    """Tell whether a hint came, and clear it."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    event.clear()
    return True


async def quiet(event: asyncio.Event) -> None:
    """Wait until listening has begun and nothing comes any more."""
    while await heard(event, QUIET_SECONDS):
        pass


async def test_a_commit_is_heard_in_the_other_process_and_its_own(two: tuple[Database, Database]) -> None:
    mine, other = two
    here, there = mine.commits(), other.commits()
    await quiet(there)
    await quiet(here)
    await write(mine)
    assert here.is_set()
    assert await heard(there)


async def test_a_hint_makes_nobody_hint_back(two: tuple[Database, Database]) -> None:
    mine, other = two
    here, there = mine.commits(), other.commits()
    await quiet(there)
    await write(mine)
    assert await heard(there)
    here.clear()
    assert not await heard(here, QUIET_SECONDS)
    assert not await heard(there, QUIET_SECONDS)


async def test_a_burst_of_commits_is_few_hints(two: tuple[Database, Database]) -> None:
    mine, other = two
    there = other.commits()
    await quiet(there)
    hints = 0

    async def count_hints() -> None:
        nonlocal hints
        while True:
            await there.wait()
            there.clear()
            hints += 1

    counting = asyncio.create_task(count_hints())
    for _ in range(100):
        await write(mine)
    await asyncio.sleep(QUIET_SECONDS)
    counting.cancel()
    assert 1 <= hints < 50


async def test_a_failure_nobody_foresaw_is_told_and_the_hints_come_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commit_hints, "LASTING_SECONDS", 0.01)
    server = PostgresRoom(database_url, application="tests", password_file=None)
    tries = 0

    async def connect() -> "PgConnection":
        nonlocal tries
        tries += 1
        if tries < 3:
            raise LookupError
        return await server.connect()

    listening = asyncio.Event()
    hints = commit_hints.CommitHints(connect, listening.set)
    with capture_logs() as logs:
        hints.begin()
        assert await heard(listening)
    await hints.close()
    assert [(entry["event"], entry["error"], entry["log_level"]) for entry in logs] == [
        ("failed_commit_hints", "LookupError", "error")
    ] * 2


async def test_hints_come_again_after_a_restart_of_the_server(
    two: tuple[Database, Database], postgres_server: PostgresServer
) -> None:
    mine, other = two
    there = other.commits()
    await write(mine)
    await quiet(there)
    postgres_server.kill()
    postgres_server.start()
    async with asyncio.timeout(SOON_SECONDS):
        while not await heard(there, 0.1):
            await write(mine)
    await quiet(there)
    await write(mine)
    assert await heard(there)
