"""``rounds demo``: the whole chain on a made-up day, in one process, with the board at a printed address."""

import asyncio
import datetime as dt
import json as jsonlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import httpx
import typer
from fastapi import FastAPI
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from shared.clock import utc_now
from shared.errors import RoundsError
from shared.events.ids import NurseId
from shared.observability.logging import configure_logging
from shared.runtime import House
from shared.security.tokens import NurseDay
from shared.settings import HouseSettings

if TYPE_CHECKING:
    from services.demo import DemoDay, DemoResult, Say

LINKS_SHOWN = 3


def demo(
    area: Annotated[
        Path | None, typer.Option(help="A real city's extract, .osm.pbf; without one, the sample city is made.")
    ] = None,
    bookings: Annotated[int, typer.Option(min=1, help="How many bookings.")] = 320,
    nurses: Annotated[int, typer.Option(min=1, help="How many nurses.")] = 26,
    date: Annotated[str | None, typer.Option(help="The day to plan; by default tomorrow in the area.")] = None,
    timezone: Annotated[str | None, typer.Option(help="The area's IANA zone, if it cannot be told.")] = None,
    data: Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="Everything is written below it.")] = Path(".data"),
    host: Annotated[str, typer.Option(envvar="ROUNDS_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="ROUNDS_PORT", help="Port to listen on; 0 takes a free one.")] = 8080,
    seed: Annotated[int, typer.Option(help="The same seed makes the same city, nurses and bookings.")] = 7,
    *,
    once: Annotated[bool, typer.Option(help="Leave after the first dispatched plan.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The result as the last line, one object.")] = False,
) -> None:
    """Show a day: a map, nurses and bookings walk through the whole system, and the board shows their routes.

    Example: `rounds demo --area queens.osm.pbf --bookings 200 --nurses 18`
    """
    # The map and planning libraries load for this command only.
    from services.all_in_one import run  # noqa: PLC0415
    from services.area import shown_progress  # noqa: PLC0415
    from services.demo import DemoWish, prepare, walk_through  # noqa: PLC0415

    began = time.monotonic()
    console = Console(stderr=json)
    configure_logging(data / "log" / "rounds.jsonl")
    wish = DemoWish(area, timezone, bookings, nurses, _date(date), seed)
    with shown_progress() as progress:
        day = prepare(data, wish, progress, utc_now())

    async def show(app: FastAPI, stop: asyncio.Event) -> None:
        house = app.state.house
        url = house.settings.public_url
        console.print(f"The board: [bold]{url}/board/{day.area.id}/{day.date}[/bold]")
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            with shown_bars() as say:
                result = await walk_through(lambda _room: client, day, wish, data, say)
            links = await _nurse_links(client, house, day)
        _print(console, result, links, time.monotonic() - began)
        if json:
            typer.echo(jsonlib.dumps(asdict(result)))
        if not once:
            console.print("It runs until you press Ctrl-C; started again, it goes on from here.")
            await stop.wait()

    asyncio.run(run(HouseSettings(data=data, host=host, port=port), show))


def _date(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise RoundsError(f"{text} is not a date. Write it like 2026-11-23.") from error


@contextmanager
def shown_bars() -> Iterator["Say"]:
    """Show what is done, and how much of it, while the block lasts."""
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def say(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=of)
            progress.update(tasks[what], completed=done, total=of)

        yield say


async def _nurse_links(client: httpx.AsyncClient, house: House, day: "DemoDay") -> dict[str, str]:
    """Return the pages of the nurses who have a route, by staff code."""
    plan = (await client.get(f"/v1/plans/{day.area.id}/{day.date}")).json()
    links = {}
    for route in plan["routes"]:
        token = house.tokens.for_nurse(NurseDay(NurseId(UUID(route["nurse_id"])), day.area.id, day.date))
        links[route["nurse_ref"]] = f"{house.settings.public_url}/n/{token}"
    return links


def _print(console: Console, result: "DemoResult", links: dict[str, str], seconds: float) -> None:
    table = Table(show_header=False, box=None)
    table.add_row("bookings", str(result.bookings))
    table.add_row("located", str(result.bookings - result.unresolved))
    table.add_row("assigned", str(result.assigned))
    reasons = ", ".join(f"{count} {reason}" for reason, count in result.reasons.items())
    table.add_row("unassigned", f"{result.unassigned}{f' ({reasons})' if reasons else ''}")
    table.add_row("to review", str(result.unresolved))
    table.add_row("driving", f"{result.drive_minutes_per_visit:.1f} minutes per visit")
    table.add_row("time", f"{result.seconds:.1f} s from the first booking to the routes, {seconds:.1f} s in all")
    console.print(table)
    for nurse, link in list(links.items())[:LINKS_SHOWN]:
        console.print(f"Nurse {nurse}'s page: {link}", soft_wrap=True)
    if len(links) > LINKS_SHOWN:
        console.print(f"The board lists the other {len(links) - LINKS_SHOWN} nurses' pages.")
