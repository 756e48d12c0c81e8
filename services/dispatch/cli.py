"""``rounds nurses``: bringing in who works when."""

import asyncio
import json as jsonlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from services.dispatch.importing import ImportReport, import_rows
from shared.client import system_url

app = typer.Typer(name="nurses", help="Nurses and their shifts.", no_args_is_help=True)

Data = Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="The data directory of the running system.")]
Url = Annotated[str | None, typer.Option(envvar="ROUNDS_URL", help="The running system, if it runs elsewhere.")]


@app.callback()
def nurses() -> None:
    """Nurses and their shifts."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines, one shift a row.")],
    data: Data = Path(".data"),
    url: Url = None,
    *,
    patience: Annotated[float, typer.Option(help="Seconds to go on trying while the system is away.")] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="The report as one object.")] = False,
) -> None:
    """Import nurses and shifts into the running system. The same file again changes nothing.

    Columns: external_id, name, skills, licences, shift_start, shift_end, start_lat, start_lon, end_lat, end_lon,
    break_minutes, break_earliest, break_latest, area_id. Skills and licences are separated by `|`
    (`injection|venipuncture`, `RN:OH`), times carry their offset (`2026-11-23T08:00:00-05:00`). A nurse with two
    shifts has two rows.

    Example: `rounds nurses import nurses.csv`
    """
    report = asyncio.run(_import(file, system_url(data, url, room="dispatch"), patience))
    if json:
        typer.echo(jsonlib.dumps(asdict(report)))
    else:
        _show(report)
    if report.refused or report.unsent:
        raise typer.Exit(1 if report.taken else 2)


async def _import(file: Path, url: str, patience: float) -> ImportReport:
    columns = (TextColumn("Importing nurses"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("nurses", total=None)
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            return await import_rows(
                client, file, lambda done, of: progress.update(task, completed=done, total=of), patience=patience
            )


def _show(report: ImportReport) -> None:
    console = Console()
    console.print(
        f"{report.rows} rows: {report.created} shifts new, {report.changed} changed, "
        f"{report.unchanged} already there, {len(report.refused)} refused."
    )
    if report.unsent:
        console.print(f"The system stopped answering: {report.unsent} rows were not sent. Import the file again.")
    if report.refused:
        table = Table("line", "column", "what is wrong", "what to do")
        for problem in report.refused:
            table.add_row(str(problem.line), problem.field, problem.message, problem.remedy)
        console.print(table)
