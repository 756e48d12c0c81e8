"""``rounds db``: making the rooms' databases, bringing them to this release, and asking where they stand."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.client import adopt_environment
from shared.errors import ConfigurationError
from shared.settings import HouseSettings, read_settings

app = typer.Typer(name="db", help="The rooms' databases.", no_args_is_help=True)

Data = Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="Where the files are, without ROUNDS_DATABASE_URL.")]
OneRoom = Annotated[str | None, typer.Option(help="Only this room; by default every room.")]


@app.command()
def upgrade(data: Data = Path(".data"), room: OneRoom = None) -> None:
    """Bring databases to this release; what is there stays. Safe beside running rooms, and twice at once.

    Example: `rounds db upgrade --room booking`
    """
    from services import databases  # noqa: PLC0415 - every other command starts without the rooms' tables

    for name in databases.rooms(room):
        before = asyncio.run(databases.upgrade(_settings(data), name))
        if before.revision == before.head:
            print(f"{name}: was at {before.head}")
        else:
            print(f"{name}: now at {before.head}, was {before.revision or 'empty'}")


@app.command()
def check(data: Data = Path(".data"), room: OneRoom = None) -> None:
    """Say where each database stands, and whether its tables are those of the models. Exit code 1: not all are ready.

    Example: `rounds db check`
    """
    from services import databases  # noqa: PLC0415 - as above

    table = Table("room", "database", "revision", "newest", "state")
    ready = True
    for name in databases.rooms(room):
        found = asyncio.run(databases.look(_settings(data), name))
        standing = found.standing
        state = f"{found.differing} differences from the models" if found.differing else standing.state.value
        table.add_row(name, found.where, standing.revision or "–", standing.head, state)
        ready &= found.is_ready
    Console(soft_wrap=True).print(table)
    if not ready:
        raise typer.Exit(1)


@app.command()
def create(
    admin_url: Annotated[
        str | None,
        typer.Option(
            envvar="ROUNDS_DATABASE_ADMIN_URL",
            help="The server's `postgres` database, as a user who may make others; by default the rooms' own user.",
        ),
    ] = None,
) -> None:
    """Make the databases of ROUNDS_DATABASE_URL that are not there, empty, for the user it names. They sort by bytes.

    Example: `rounds db create --admin-url postgresql://postgres@db.internal/postgres`
    """
    from services import databases  # noqa: PLC0415 - as above

    settings = HouseSettings()
    if not settings.database_url:
        raise ConfigurationError("ROUNDS_DATABASE_URL is not set: rooms keep SQLite files, which they make themselves.")
    for room in databases.rooms():
        name, made = asyncio.run(databases.create(settings, room, admin_url))
        print(f"{name}: {'made' if made else 'was there'}")


def _settings(data: Path) -> HouseSettings:
    adopt_environment(data)
    return read_settings(HouseSettings).model_copy(update={"data": data})
