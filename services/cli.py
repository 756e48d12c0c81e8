"""The ``rounds`` command: gathers what each room offers on the command line, and runs the house."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.area_cli import app as area_app
from services.booking.cli import app as bookings_app
from services.bus_cli import dead_letters_app, events_app
from services.db_cli import app as db_app
from services.demo_cli import demo
from services.dispatch.cli import app as nurses_app
from services.geocoding.cli import geocode
from services.kafka_cli import kafka_app
from services.routing.cli import plan_app, routes_app
from services.trace_cli import trace
from shared.errors import RoundsError
from shared.observability.logging import configure_logging
from shared.settings import HouseSettings

app = typer.Typer(
    name="rounds",
    help="""Rounds: dispatch for mobile nurses. Bookings in, routes out, the day on track.

    Begin with `rounds demo`: a day in a sample city, with the board at a printed address. For your own city, build
    an area from any OpenStreetMap extract with `rounds area build`, start the system with `rounds up`, then import
    nurses and bookings. Commands find the running system through the data directory (`--data`, `ROUNDS_DATA`).

    Exit codes: 0 done, 1 done in part (each refusal is listed), 2 nothing could be done (a sentence says why).
    """,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.add_typer(area_app)
app.command()(geocode)
app.add_typer(bookings_app)
app.add_typer(nurses_app)
app.add_typer(plan_app)
app.add_typer(routes_app)
app.command()(trace)
app.add_typer(events_app)
app.add_typer(dead_letters_app)
app.add_typer(db_app)
app.add_typer(kafka_app)


@app.command()
def up(
    data: Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="Everything the system writes is below it.")] = Path(
        ".data"
    ),
    host: Annotated[str, typer.Option(envvar="ROUNDS_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="ROUNDS_PORT", help="Port to listen on; 0 takes a free one.")] = 8080,
) -> None:
    """Start the whole system in one process, going on where it last stopped.

    Example: `rounds up --data /var/lib/rounds --port 8080`
    """
    from services.all_in_one import run  # noqa: PLC0415 - every other command starts without the rooms' libraries

    configure_logging()
    settings = HouseSettings(data=data, host=host, port=port)
    if not any((data / "areas").glob("*/area.json")):
        Console(stderr=True).print(
            f"There is no area below {data} yet; bookings will be refused until "
            "`rounds area build EXTRACT.osm.pbf --id ID --timezone ZONE` has made one."
        )
    asyncio.run(run(settings))


def main() -> None:
    """Run the command; an error of the house becomes one sentence and exit code 2."""
    try:
        app()
    except RoundsError as error:
        Console(stderr=True, soft_wrap=True).print(f"rounds: {error}", markup=False, highlight=False)
        sys.exit(2)
