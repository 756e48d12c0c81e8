"""On PostgreSQL as on SQLite, migrations bring an empty or an older database up whole or not at all."""

import asyncio
import datetime as dt
import importlib
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Uuid,
    column,
    insert,
    select,
    table,
)

from deploy.dev.postgres import PostgresServer
from services import databases
from shared.db import migrate
from shared.db.base import UtcDateTime
from shared.db.migrate import State, differences, make_ready, upgrade
from shared.db.session import Database
from shared.errors import ConfigurationError
from tests.databases import DATABASES, SERVICES

ROOMS = databases.rooms()
NOW = dt.datetime(2030, 5, 1, 13, 0, tzinfo=dt.UTC)
TABLES = {
    "inbox": table("inbox", column("consumer", String), column("event_id", Uuid), column("handled_at", UtcDateTime())),
    "outbox": table(
        "outbox",
        column("event_id", Uuid),
        column("topic", String),
        column("key", LargeBinary),
        column("headers", String),
        column("value", LargeBinary),
        column("created_at", UtcDateTime()),
    ),
    "plan_request": table(
        "plan_request",
        column("area_id", String),
        column("date", Date),
        column("wanted", Integer),
        column("done", Integer),
        column("first_at", UtcDateTime()),
        column("last_at", UtcDateTime()),
        column("thorough", Boolean),
        column("failures", Integer),
    ),
}
"""Tables as the release before had them."""
ROWS: dict[str, dict[str, Any]] = {
    "inbox": {"consumer": "room", "event_id": UUID(int=1), "handled_at": NOW},
    "outbox": {
        "event_id": UUID(int=2),
        "topic": "t",
        "key": b"k",
        "headers": "{}",
        "value": b"v",
        "created_at": NOW,
    },
    "plan_request": {
        "area_id": "maple",
        "date": NOW.date(),
        "wanted": 3,
        "done": 1,
        "first_at": NOW,
        "last_at": NOW,
        "thorough": True,
        "failures": 2,
    },
}


def migrations(room: str) -> Path:
    return SERVICES / room / "store" / "migrations"


def models(room: str) -> MetaData:
    metadata: MetaData = importlib.import_module(f"services.{room}.store.models").Base.metadata
    return metadata


@pytest.fixture(params=DATABASES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    on_server = request.param == "postgres"
    opened = Database(
        request.getfixturevalue("database_url") if on_server else f"sqlite+aiosqlite:///{tmp_path / 'room.sqlite'}"
    )
    yield opened
    await opened.close()


async def bring_to(database: Database, room: str, revision: str) -> None:
    async with database.migrating() as connection:
        await connection.run_sync(lambda sync: command.upgrade(migrate._config(migrations(room), sync), revision))


def first_revision(room: str) -> str:
    """The release before."""
    script = ScriptDirectory(str(migrations(room)))
    (base,) = script.get_bases()
    return base


@pytest.mark.parametrize("room", ROOMS)
async def test_from_nothing_they_make_the_tables_of_the_models(database: Database, room: str) -> None:
    assert (await upgrade(database, migrations(room))).state is State.EMPTY
    assert (await upgrade(database, migrations(room))).state is State.CURRENT
    assert await differences(database, models(room)) == []


@pytest.mark.parametrize("room", ROOMS)
async def test_what_the_release_before_kept_is_there_after_the_upgrade(database: Database, room: str) -> None:
    await bring_to(database, room, first_revision(room))
    kept = {name: row for name, row in ROWS.items() if name in models(room).tables}
    async with database.migrating() as connection:
        for name, row in kept.items():
            await connection.execute(insert(TABLES[name]), row)
    assert (await upgrade(database, migrations(room))).state is State.OLDER
    async with database.writer.connect() as connection:
        for name, row in kept.items():
            assert dict((await connection.execute(select(TABLES[name]))).mappings().one()) == row
    assert await differences(database, models(room)) == []


async def test_a_room_refuses_an_older_database_on_a_server_and_says_what_to_do(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(ConfigurationError, match=r"is empty, .* 0003. Run `rounds db upgrade`"):
        await make_ready(database, migrations("board"), upgrading=False)
    await bring_to(database, "board", first_revision("board"))
    with pytest.raises(ConfigurationError, match=r"at revision c3b2e42490c0, .* Run `rounds db upgrade`"):
        await make_ready(database, migrations("board"), upgrading=False)
    await make_ready(database, migrations("board"), upgrading=True)
    await make_ready(database, migrations("board"), upgrading=False)
    await database.close()


async def test_a_database_of_a_newer_release_is_left_alone(database: Database) -> None:
    await upgrade(database, migrations("board"))
    async with database.migrating() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for upgrading in (False, True):
        with pytest.raises(ConfigurationError, match="revision 9999, which this release does not know"):
            await make_ready(database, migrations("board"), upgrading=upgrading)


async def test_two_processes_that_upgrade_at_once_do_it_once(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)
    before = await asyncio.gather(*(upgrade(each, migrations("booking")) for each in (first, second)))
    assert {each.state for each in before} == {State.EMPTY, State.CURRENT}
    await first.close()
    await second.close()


async def test_an_upgrade_that_is_killed_half_way_leaves_nothing(
    postgres_server: PostgresServer, database_url: str
) -> None:
    name = database_url.rpartition("/")[2]
    context = multiprocessing.get_context("spawn")
    half_way = context.Process(target=upgrade_and_die, args=(database_url,))
    half_way.start()
    await asyncio.to_thread(half_way.join)
    assert half_way.exitcode == -signal.SIGKILL
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    assert postgres_server.sql(tables, name) == "0"
    database = Database(database_url)
    assert (await upgrade(database, migrations("booking"))).state is State.EMPTY
    await database.close()


def upgrade_and_die(url: str) -> None:
    """Bring a database up to the last statement but the commit."""

    async def go() -> None:
        database = Database(url)
        async with database.migrating() as connection:
            await connection.run_sync(
                lambda sync: command.upgrade(migrate._config(migrations("booking"), sync), "head")
            )
            made = await connection.exec_driver_sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            assert made.scalar_one() > len(ROOMS)
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(go())
