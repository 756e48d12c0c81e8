"""The rooms' databases, one after the other: made, brought to this release, compared with the models."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

import services
from shared.db import migrate
from shared.db.migrate import Standing, State
from shared.db.session import Database
from shared.errors import ConfigurationError
from shared.settings import HouseSettings

FOLDER = Path(services.__path__[0])


@dataclass(frozen=True, slots=True)
class Look:
    """How a room's database was found.

    Attributes:
        where: the file, or host, port and database.
        differing: what the models have and its tables have not, or the other way round.
    """

    where: str
    standing: Standing
    differing: int

    @property
    def is_ready(self) -> bool:
        """Whether this release works with it as it is."""
        return self.standing.state is State.CURRENT and not self.differing


def rooms(only: str | None = None) -> Sequence[str]:
    """Return the rooms that have a database, or the one that is named.

    Raises:
        ConfigurationError: there is no such room.
    """
    found = sorted(folder.parents[1].name for folder in FOLDER.glob("*/store/migrations"))
    if only is None:
        return found
    if only not in found:
        raise ConfigurationError(f"There is no room {only} with a database. There are {', '.join(found)}.")
    return [only]


async def upgrade(settings: HouseSettings, room: str) -> Standing:
    """Bring a room's database to this release; return where it stood before."""
    database = Database.of_room(settings, room)
    try:
        return await migrate.upgrade(database, _migrations(room))
    finally:
        await database.close()


async def look(settings: HouseSettings, room: str) -> Look:
    """Say how a room's database stands."""
    database = Database.of_room(settings, room)
    try:
        standing = await migrate.standing(database, _migrations(room))
        differing = 0
        if standing.state is State.CURRENT:
            models = importlib.import_module(f"services.{room}.store.models")
            differing = len(await migrate.differences(database, models.Base.metadata))
        return Look(database.where, standing, differing)
    finally:
        await database.close()


async def create(settings: HouseSettings, room: str, admin_url: str | None) -> tuple[str, bool]:
    """Make a room's empty database for the user of its URL; return its name, and whether it was not there.

    Raises:
        ConfigurationError: there is no server, or it refuses.
    """
    url = make_url(settings.database_url.replace("{room}", room)).set(drivername="postgresql")
    password = settings.database_password_file.read_text().strip() if settings.database_password_file else None
    admin = admin_url or url.set(database="postgres").render_as_string(hide_password=False)
    try:
        connection = await asyncpg.connect(admin, password=None if admin_url else password, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConfigurationError(
            f"PostgreSQL at {url.host} cannot be reached to make databases: {error}. Check the URL, the user and "
            "the password."
        ) from error
    try:
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", url.database):
            return str(url.database), False
        await connection.execute(
            f'CREATE DATABASE "{url.database}" OWNER "{url.username}" TEMPLATE template0'
            " ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    except asyncpg.PostgresError as error:
        raise ConfigurationError(
            f"The database {url.database} cannot be made: {error}. Name a user who may with --admin-url."
        ) from error
    finally:
        await connection.close()
    return str(url.database), True


def _migrations(room: str) -> Path:
    return FOLDER / room / "store" / "migrations"
