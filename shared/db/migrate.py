"""Migrations with Alembic: the same scripts bring an empty or an older database of a room to this release.

``python -m shared.db.migrate services.booking "add order table"`` writes a new revision from the difference between
the room's models and its newest migration.
"""

import asyncio
import importlib
import sys
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlmodel.sql.sqltypes import AutoString

from shared.db.base import UtcDateTime
from shared.db.postgres import DatabaseRefusesError
from shared.db.session import Database
from shared.errors import ConfigurationError


def run_migrations(metadata: MetaData) -> None:
    """Run what Alembic was asked for on the connection it was given; the whole body of a room's ``env.py``."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render,
    )
    context.run_migrations()


def _render(kind: str, item: object, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write the house's own column types into a revision as one reads them."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogenerate.imports.add("from shared.db.base import UtcDateTime")
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    return False


def _config(migrations: Path, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["connection"] = connection
    return config


class State(StrEnum):
    """How a database's schema stands to this release."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a database stands.

    Attributes:
        revision: of the database; None when it has no tables yet.
        head: the newest revision of this release.
    """

    state: State
    revision: str | None
    head: str


async def standing(database: Database, migrations: Path) -> Standing:
    """Return where a room's database stands."""
    async with database.writer.connect() as connection:
        return await connection.run_sync(lambda sync: _standing(sync, migrations))


async def upgrade(database: Database, migrations: Path) -> Standing:
    """Bring a room's database to the newest revision, in one transaction; return where it stood before.

    Two processes may do so at once: the second waits, and finds the work done.

    Raises:
        ConfigurationError: the database is newer than this release.
    """
    async with database.migrating() as connection:
        before = await connection.run_sync(lambda sync: _standing(sync, migrations))
        _refuse_newer(database, before)
        if before.state is not State.CURRENT:
            await connection.run_sync(lambda sync: command.upgrade(_config(migrations, sync), "head"))
    return before


async def make_ready(database: Database, migrations: Path, *, upgrading: bool) -> None:
    """See to it that a room finds the tables of this release.

    Args:
        database: the room's.
        migrations: the room's.
        upgrading: whether to bring an older one up to date. A file belongs to its only process, which does so anyway;
            on a server, processes of the release before may still be at work.

    Raises:
        ConfigurationError: the database is at another revision, or the server does not let us in; the message says
            what to do.
        TransientError: the server is away.
    """
    try:
        if upgrading or database.is_file:
            await upgrade(database, migrations)
            return
        found = await standing(database, migrations)
    except DatabaseRefusesError as error:
        raise ConfigurationError(str(error)) from error
    _refuse_newer(database, found)
    if found.state is not State.CURRENT:
        has = f"at revision {found.revision}" if found.revision else "empty"
        raise ConfigurationError(
            f"The database {database.where} is {has}, and this release works with {found.head}. "
            "Run `rounds db upgrade`, or set ROUNDS_DATABASE_UPGRADE=true to have rooms do so at their start."
        )


def _refuse_newer(database: Database, found: Standing) -> None:
    if found.state is State.NEWER:
        raise ConfigurationError(
            f"The database {database.where} is at revision {found.revision}, which this release does not know (its "
            f"newest is {found.head}): a newer release has upgraded it. Run that release, or restore a backup."
        )


def _standing(connection: Connection, migrations: Path) -> Standing:
    revision = MigrationContext.configure(connection).get_current_revision()
    script = ScriptDirectory.from_config(_config(migrations, connection))
    head = script.get_current_head()
    if head is None:
        raise ConfigurationError(f"There are no migrations in {migrations}. The installation is not complete.")
    known = {each.revision for each in script.walk_revisions()}
    state = (
        State.EMPTY
        if revision is None
        else State.CURRENT
        if revision == head
        else State.OLDER
        if revision in known
        else State.NEWER
    )
    return Standing(state, revision, head)


async def differences(database: Database, metadata: MetaData) -> list[object]:
    """Return what the models have and the migrated database has not; empty when they agree."""
    async with database.writer.connect() as connection:
        return await connection.run_sync(
            lambda sync: list(compare_metadata(MigrationContext.configure(sync, opts={"compare_type": True}), metadata))
        )


async def _revision(room: str, message: str) -> None:
    folder = Path(*room.split(".")) / "store" / "migrations"
    importlib.import_module(f"{room}.store.models")
    with tempfile.TemporaryDirectory() as scratch:
        database = Database.in_file(Path(scratch) / "room.sqlite")
        if any((folder / "versions").glob("*.py")):
            await upgrade(database, folder)
        async with database.writer.begin() as connection:
            await connection.run_sync(
                lambda sync: command.revision(_config(folder, sync), message=message, autogenerate=True)
            )
        await database.close()


if __name__ == "__main__":
    asyncio.run(_revision(sys.argv[1], sys.argv[2]))
