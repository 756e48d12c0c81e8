"""Migrations with Alembic: the same scripts bring an empty or an older database of a room to this release.

``python -m shared.db.migrate services.booking "add order table"`` writes a new revision from the difference between
the room's models and its newest migration.
"""

import asyncio
import importlib
import sys
import tempfile
from pathlib import Path
from typing import Literal

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.autogenerate.api import AutogenContext
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlmodel.sql.sqltypes import AutoString

from shared.db.base import UtcDateTime
from shared.db.session import Database


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


async def upgrade(database: Database, migrations: Path) -> None:
    """Bring a room's database to the newest revision, in one transaction."""
    async with database.writer.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(migrations, sync), "head"))


async def differences(database: Database, metadata: MetaData) -> list[object]:
    """Return what the models have and the migrated database has not; empty when they agree."""
    async with database.writer.begin() as connection:
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
