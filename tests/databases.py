"""Which databases the tests of stores run on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from deploy.dev.postgres import PostgresServer
from shared.db.migrate import upgrade
from shared.db.session import Database

SERVICES = Path(__file__).parents[1] / "services"
DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
"""For a fixture: ``@pytest.fixture(params=DATABASES)``."""
TABLES = "SELECT string_agg(quote_ident(tablename), ',') FROM pg_tables WHERE schemaname = 'public' AND tablename <> $1"


@asynccontextmanager
async def on_database(request: pytest.FixtureRequest, *rooms: str) -> AsyncIterator[None]:
    """Have rooms keep their tables on what the fixture's parameter names: a new file, or empty tables on the server.

    Rooms that are opened inside find it where every process does: in the environment.
    """
    with pytest.MonkeyPatch.context() as environment:
        if request.param == "postgres":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            for room in rooms:
                await empty(server, room)
            environment.setenv("ROUNDS_DATABASE_URL", server.template.replace("rounds_", "tests_"))
        yield


async def empty(server: PostgresServer, room: str) -> str:
    """See to it that a room has its tables on the server and nothing in them; return the database's URL.

    Emptying what the test before left takes a tenth of the time that a new database does.
    """
    url = server.template.replace("rounds_{room}", f"tests_{room}")
    try:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""), server_settings={"lock_timeout": "5s"})
    except asyncpg.InvalidCatalogNameError:
        database = Database(server.url(f"tests_{room}"))
        await upgrade(database, SERVICES / room / "store" / "migrations")
        await database.close()
        return url
    tables = await connection.fetchval(TABLES, "alembic_version")
    await connection.execute(f"TRUNCATE {tables} RESTART IDENTITY")
    await connection.close()
    return url
