"""``rounds plan`` and ``rounds routes``: looking at a day's plan in the running system."""

import datetime as dt
import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from shared.areas import load_areas
from shared.client import running_system
from shared.errors import RoundsError
from shared.events.ids import AreaId

plan_app = typer.Typer(name="plan", help="Look at the plan of a day.", no_args_is_help=True)
routes_app = typer.Typer(name="routes", help="The routes of a day, nurse by nurse.", no_args_is_help=True)

Area = Annotated[str, typer.Argument(help="The area's id; `rounds area list` has them.")]
Day = Annotated[str, typer.Argument(help="The date, such as 2026-11-23.")]
Data = Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="The data directory of the running system.")]
Url = Annotated[str | None, typer.Option(envvar="ROUNDS_URL", help="The running system, if it runs elsewhere.")]
Json = Annotated[bool, typer.Option("--json", help="The whole plan as one object.")]
HERE = Path(".data")


def _plan(area: str, day: str, data: Path, url: str | None) -> dict[str, Any]:
    try:
        dt.date.fromisoformat(day)
    except ValueError as error:
        raise RoundsError(f"{day} is not a date. Write it like 2026-11-23.") from error
    with running_system(data, url, room="routing") as client:
        try:
            reply = client.get(f"/v1/plans/{area}/{day}")
        except httpx.TransportError as error:
            raise RoundsError(f"{client.base_url} does not answer. Start the system with `rounds up`.") from error
    body: dict[str, Any] = reply.json()
    if reply.is_error:
        raise RoundsError(str(body.get("detail", reply.text)))
    return body


@plan_app.command()
def show(area: Area, day: Day, data: Data = HERE, url: Url = None, *, json: Json = False) -> None:
    """Show a day's plan in figures: routes, what is unassigned and why, and what it costs.

    Example: `rounds plan show harlan-mills-oh 2026-11-23`
    """
    plan = _plan(area, day, data, url)
    if json:
        typer.echo(jsonlib.dumps(plan))
        return
    console = Console()
    if not plan["plan_version"]:
        console.print(f"There is no plan for {area} on {day} yet (planning is {plan['state']}).")
        return
    stops = sum(stop["kind"] == "visit" for route in plan["routes"] for stop in route["stops"])
    console.print(
        f"Plan {plan['plan_version']} of {area} on {day}: {stops} visits on {len(plan['routes'])} routes, "
        f"{plan['drive_seconds'] / 60:.0f} minutes of driving, {len(plan['unassigned'])} unassigned."
    )
    if plan["failure"]:
        console.print(f"The last attempt to plan failed: {plan['failure']}")
    prices = Table("rule", "price", title="What it costs")
    for rule, cents in plan["price_cents"].items():
        prices.add_row(rule.replace("_", " "), f"{cents / 100:,.2f}")
    console.print(prices)
    if plan["unassigned"]:
        left = Table("visit", "reason", "explanation", title="Unassigned")
        for entry in plan["unassigned"]:
            left.add_row(entry["visit_id"], entry["reason"], entry["explanation"])
        console.print(left)


@routes_app.command("print")
def print_routes(
    area: Area,
    day: Day,
    data: Data = HERE,
    url: Url = None,
    *,
    nurse: Annotated[str | None, typer.Option(help="Only this nurse, by staff code.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One route a line.")] = False,
) -> None:
    """Print the routes with their stops and times in the area's local time.

    Example: `rounds routes print harlan-mills-oh 2026-11-23 --nurse N07`
    """
    plan = _plan(area, day, data, url)
    routes = [route for route in plan["routes"] if nurse in (None, route["nurse_ref"])]
    if json:
        for route in routes:
            typer.echo(jsonlib.dumps(route))
        return
    known = load_areas(data).get(AreaId(area))
    zone = known.zone if known else dt.UTC
    console = Console()
    if not routes:
        console.print("There is no such route." if nurse else "There is no route on this day yet.")
    for route in routes:
        table = Table("arrives", "starts", "ends", "what", title=_heading(route, zone), title_justify="left")
        for stop in route["stops"]:
            times = [_clock(stop[name], zone) for name in ("arrival", "start", "end")]
            table.add_row(*times, stop["kind"] if stop["kind"] == "break" else f"visit {stop['visit_id']}")
        console.print(table)


def _heading(route: dict[str, Any], zone: dt.tzinfo) -> str:
    guess = ", travel estimated" if route["travel_estimated"] else ""
    return (
        f"{route['nurse_ref']}: leaves {_clock(route['departure'], zone)}, back {_clock(route['back'], zone)}, "
        f"{route['drive_seconds'] / 60:.0f} min driving, {route['metres'] / 1000:.1f} km{guess}"
    )


def _clock(instant: str, zone: dt.tzinfo) -> str:
    return dt.datetime.fromisoformat(instant).astimezone(zone).strftime("%H:%M")
