"""``rounds bookings``: bringing bookings in from a file."""

import asyncio
import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from services.booking.importing import PATIENCE_SECONDS, ImportReport, import_rows
from shared.client import system_url
from shared.errors import ConfigurationError

app = typer.Typer(name="bookings", help="Bring bookings into the running system.", no_args_is_help=True)

SOME_REFUSED, NOTHING_DONE = 1, 2
TIMEOUT_SECONDS = 30.0


@app.callback()
def bookings() -> None:
    """Bring bookings into the running system."""


@app.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines, one booking a row; see below for its columns.")],
    data: Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="The data directory of the running system.")] = Path(
        ".data"
    ),
    url: Annotated[
        str | None, typer.Option(envvar="ROUNDS_URL", help="The running system, if it runs elsewhere.")
    ] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="For how many seconds to wait while the system is away.")
    ] = PATIENCE_SECONDS,
    json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Book every row of a file. A bad row stops no other, and the same file again changes nothing.

    Columns: reference, first_name, last_name, birth_date, phone, email, address, unit, city, state, postcode, services,
    windows, any_time_on, notes, preferred_nurse, excluded_nurses, priority, area_id. Needed are the names, the birth
    date, the address, the services (codes of the catalogue) and one of windows (start/end with offset) and any_time_on
    (dates). Lists are separated by |. In JSON Lines the same names hold lists.

    Example: `rounds bookings import bookings.csv`

    Exit codes: 0 all booked, 1 some rows were refused or not sent, 2 nothing could be done.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise ConfigurationError(f"{url} is not an address. Write it like http://127.0.0.1:8080.")
    report = asyncio.run(_import(file, data, url, patience))
    if json:
        typer.echo(jsonlib.dumps({"file": str(file), **asdict(report)}))
    else:
        _print(report, file)
    if report.refused or report.unsent:
        raise typer.Exit(SOME_REFUSED if report.created or report.already_there else NOTHING_DONE)


async def _import(file: Path, data: Path, url: str | None, patience: float) -> ImportReport:
    def relocate() -> str | None:
        """A system that starts again on a free port says its new one in its data directory."""
        try:
            return system_url(data, url, room="booking")
        except ConfigurationError:
            return None

    async with httpx.AsyncClient(base_url=system_url(data, url, room="booking"), timeout=TIMEOUT_SECONDS) as client:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("bookings", total=None)
            return await import_rows(
                client,
                file,
                lambda done, total: progress.update(bar, completed=done, total=total),
                patience_seconds=patience,
                relocate=relocate,
            )


def _print(report: ImportReport, file: Path) -> None:
    console = Console(soft_wrap=True)
    if report.refused:
        table = Table("line", "column", "what is wrong", "what to do", title="Refused")
        for problem in report.refused:
            table.add_row(str(problem.line), problem.field, problem.message, problem.remedy)
        console.print(table)
    if report.unsent:
        console.print(
            f"The system was away for too long: {len(report.unsent)} rows were not sent or not answered, "
            f"from line {report.unsent[0]} on. Start it and import {file} again; what is booked stays as it is."
        )
    console.print(
        f"{report.created} booked, {report.already_there} already there, "
        f"{report.refused_rows} refused, {len(report.unsent)} not sent."
    )
