"""A room's database on a server: what is wrong is said in a sentence, and what was cut is mended by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.dev.postgres import PostgresServer, postgres
from deploy.dev.unavailable import Unavailable
from shared.db.migrate import make_ready
from shared.db.postgres import SESSION, DatabaseAwayError, DatabaseRefusesError
from shared.db.session import Database
from shared.db.transient import is_contention, is_transient
from shared.errors import ConfigurationError
from shared.settings import HouseSettings
from tests.databases import SERVICES

MIGRATIONS = SERVICES / "board" / "store" / "migrations"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, application="rounds test", pool=4)
    async with opened.writer.begin() as connection:
        await connection.execute(text("CREATE TABLE fact (n integer PRIMARY KEY, word text)"))
    yield opened
    await opened.close()


async def write(database: Database, n: int, word: str = "") -> None:
    async with database.transaction() as session:
        await (await session.connection()).execute(
            text("INSERT INTO fact VALUES (:n, :word) ON CONFLICT (n) DO UPDATE SET word = excluded.word"),
            {"n": n, "word": word},
        )


async def count(database: Database) -> int:
    async with database.reading() as session:
        found: int = (await (await session.connection()).execute(text("SELECT count(*) FROM fact"))).scalar_one()
        return found


async def test_reading_is_one_snapshot_that_cannot_write(database: Database) -> None:
    await write(database, 1)
    async with database.reading() as session:
        connection = await session.connection()
        before = (await connection.execute(text("SELECT count(*) FROM fact"))).scalar_one()
        await write(database, 2)
        assert (await connection.execute(text("SELECT count(*) FROM fact"))).scalar_one() == before == 1
        with pytest.raises(DBAPIError, match="read-only"):
            await connection.execute(text("DELETE FROM fact"))
    assert await count(database) == 2
    async with database.transaction() as session:  # the same connection, writing again
        await (await session.connection()).execute(text("DELETE FROM fact"))


async def test_the_server_shows_whose_connections_they_are(database: Database, postgres_server: PostgresServer) -> None:
    async with database.reading() as session:
        await (await session.connection()).execute(text("SELECT 1"))
        assert database.connections_in_use == 1
        names = postgres_server.sql("SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname <> ''")
    assert "rounds test" in names.splitlines()
    assert database.connections_in_use == 0


async def test_after_a_restart_of_the_server_work_goes_on(database: Database, postgres_server: PostgresServer) -> None:
    await asyncio.gather(*(write(database, n) for n in range(8)))
    postgres_server.kill()
    try:
        with pytest.raises((DBAPIError, DatabaseAwayError)) as cut:
            await write(database, 9)
        with pytest.raises(DatabaseAwayError, match="does not answer") as away:
            await write(database, 9)
    finally:
        postgres_server.start()
    assert is_transient(cut.value)
    assert is_transient(away.value)
    await asyncio.gather(*(write(database, n) for n in range(8, 16)))
    assert await count(database) == 16


async def test_a_transaction_that_is_cut_off_fails_as_one_that_may_succeed_later(
    database: Database, postgres_server: PostgresServer
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(database.transaction())
        await (await session.connection()).execute(text("INSERT INTO fact VALUES (1, '')"))
        postgres_server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rounds test'"
        )
        with pytest.raises(DBAPIError) as cut:
            await (await session.connection()).execute(text("INSERT INTO fact VALUES (2, '')"))
        assert (is_transient(cut.value), is_contention(cut.value)) == (True, False)
        await session.rollback()
    assert await count(database) == 0


async def test_a_transaction_waits_for_a_row_no_longer_than_it_should(
    database: Database, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    await write(database, 1)
    monkeypatch.setitem(SESSION, "lock_timeout", "200ms")
    hasty = Database(database_url)
    began = monotonic()
    async with database.transaction() as session:
        await (await session.connection()).execute(text("UPDATE fact SET word = 'held'"))
        with pytest.raises(DBAPIError) as late:
            await write(hasty, 1, "too")
    assert is_contention(late.value)
    assert is_transient(late.value)
    assert monotonic() - began < 5
    await hasty.close()


async def test_a_deadlock_ends_for_one_of_the_two(database: Database) -> None:
    for n in (1, 2):
        await write(database, n)
    both_hold = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        async with database.transaction() as session:
            connection = await session.connection()
            await connection.execute(text("UPDATE fact SET word = 'x' WHERE n = :n"), {"n": first})
            await both_hold.wait()
            await connection.execute(text("UPDATE fact SET word = 'x' WHERE n = :n"), {"n": second})

    results = await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True)
    (victim,) = [result for result in results if result is not None]
    assert is_contention(victim)


async def test_a_wrong_password_a_missing_database_and_a_server_away_are_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    try:
        server_of_its_own = postgres(tmp_path / "server", password="right one", fsync=False)  # noqa: S106 - a test's
        server = server_of_its_own.__enter__()
    except Unavailable as error:
        pytest.skip(f"skipped: {error}")
    password = tmp_path / "password"
    url = f"postgresql+asyncpg://rounds@127.0.0.1:{server.port}/there_{{room}}"
    settings = HouseSettings(database_url=url, database_password_file=password, database_upgrade=True)
    database = Database.of_room(settings, "board")
    with pytest.raises(ConfigurationError, match="password of the database cannot be read from"):
        await make_ready(database, MIGRATIONS, upgrading=True)
    password.write_text("wrong one\n")
    with pytest.raises(ConfigurationError, match="does not let the user rounds in: password authentication failed"):
        await make_ready(database, MIGRATIONS, upgrading=True)
    password.write_text("right one\n")
    with pytest.raises(ConfigurationError, match=r"no database there_board at 127.0.0.1. Make it with"):
        await make_ready(database, MIGRATIONS, upgrading=False)
    server.create("there_board")
    await make_ready(database, MIGRATIONS, upgrading=True)
    password.write_text("changed since\n")
    with pytest.raises(DatabaseRefusesError) as refused:
        async with database.reading() as session:
            await session.connection()
    assert is_transient(refused.value), "somebody changes the password; the room need not be started again"
    server_of_its_own.__exit__(None, None, None)
    password.write_text("right one\n")
    with pytest.raises(DatabaseAwayError, match="does not answer"):
        await make_ready(database, MIGRATIONS, upgrading=True)
    await database.close()


def test_a_url_without_a_place_for_the_room_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must hold {room}"):
        HouseSettings(database_url="postgresql+asyncpg://rounds@db/rounds")
