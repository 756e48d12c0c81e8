"""Nurses and shifts from a file: each row is told to the running system, and what it says is reported by line.

A row is found again by staff code and start of the shift, so the same file twice changes nothing.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from shared.errors import ConfigurationError
from shared.tabular import Row, RowProblem, read_rows

COLUMNS = (
    "external_id",
    "name",
    "skills",
    "licences",
    "shift_start",
    "shift_end",
    "start_lat",
    "start_lon",
    "end_lat",
    "end_lon",
    "break_minutes",
    "break_earliest",
    "break_latest",
    "area_id",
)
REQUIRED = ("external_id", "name", "skills", "shift_start", "shift_end", "start_lat", "start_lon", "area_id")
COLUMN_OF = {
    "nurse_ref": "external_id",
    "start": "shift_start",
    "end": "shift_end",
    "start_point.lat": "start_lat",
    "start_point.lon": "start_lon",
    "start_point": "start_lat",
    "end_point.lat": "end_lat",
    "end_point.lon": "end_lon",
    "end_point": "end_lat",
    "breaks.0.duration_minutes": "break_minutes",
    "breaks.0.earliest": "break_earliest",
    "breaks.0.latest": "break_latest",
    "breaks.0": "break_minutes",
}
"""What a column is called in the API."""

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

type OnProgress = Callable[[int, int], None]
"""Told after each row: how many are done, of how many."""


@dataclass(slots=True)
class ImportReport:
    """What became of a file's rows.

    Attributes:
        unchanged: rows that were there already.
        refused: rows that were not taken, with line, column and remedy.
        unsent: rows that were not tried any more, because the system did not answer.
    """

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    unsent: int = 0
    refused: list[RowProblem] = field(default_factory=list)

    @property
    def taken(self) -> int:
        """How many rows the system has now."""
        return self.created + self.changed + self.unchanged


class _RefusedError(Exception):
    """The system said no; the problem says why."""

    def __init__(self, problem: RowProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


async def import_rows(
    client: httpx.AsyncClient, path: Path, on_progress: OnProgress, *, patience: float = 60.0
) -> ImportReport:
    """Import a file of nurses and shifts (CSV or JSON Lines; see ``COLUMNS``).

    Args:
        client: reaches the running system.
        path: the file.
        on_progress: told after each row.
        patience: seconds to go on trying while the system does not answer.

    Raises:
        TabularError: the file as a whole cannot be read.
        ConfigurationError: what answers is not Rounds.
    """
    rows = list(read_rows(path, COLUMNS, REQUIRED))
    report = ImportReport(rows=len(rows))
    told: dict[str, Row] = {}
    for number, row in enumerate(rows, start=1):
        problem = row if isinstance(row, RowProblem) else _contradiction(row, told)
        if problem is None and isinstance(row, Row):
            try:
                await _import_patiently(client, row, report, patience)
            except _RefusedError as refusal:
                problem = refusal.problem
            except httpx.TransportError:
                report.unsent = len(rows) - number + 1
                return report
        if problem is not None:
            report.refused.append(problem)
        on_progress(number, len(rows))
    return report


def _contradiction(row: Row, told: dict[str, Row]) -> RowProblem | None:
    """Return the problem of a row that says something else about a nurse than an earlier one."""
    first = told.setdefault(row.values["external_id"], row)
    for column in ("name", "skills", "licences"):
        if row.text(column) != first.text(column):
            message = f"Line {first.line} has another {column} for {row.text('external_id')}."
            return RowProblem(row.line, column, message, "Write the same on every line of a nurse.")
    return None


async def _import_patiently(client: httpx.AsyncClient, row: Row, report: ImportReport, patience: float) -> None:
    """Import a row; while the system is away, try again from the start: every step finds what is there."""
    give_up_at = monotonic() + patience
    pause = FIRST_PAUSE
    while True:
        try:
            await _import_row(client, row, report)
        except httpx.TransportError:
            if monotonic() + pause > give_up_at:
                raise
        else:
            return
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _import_row(client: httpx.AsyncClient, row: Row, report: ImportReport) -> None:
    start = _start(row)
    nurse, nurse_changed = await _put_nurse(client, row)
    shift = await _find_shift(client, row, nurse["nurse_id"], start)
    if shift is None:
        body = {"nurse_id": nurse["nurse_id"], "area_id": row.text("area_id"), **_times(row)}
        await _ask(client, row, "POST", "/v1/shifts", body)
        report.created += 1
        return
    shift_changed = False
    if shift["status"] == "open":  # one that was closed since stays closed
        after = await _ask(client, row, "PUT", f"/v1/shifts/{shift['shift_id']}", _times(row))
        shift_changed = after["version"] != shift["version"]
    if nurse_changed or shift_changed:
        report.changed += 1
    else:
        report.unchanged += 1


def _start(row: Row) -> dt.datetime:
    text = row.values["shift_start"]
    try:
        start = dt.datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        message = f"{text} is not a time with an offset."
        raise _RefusedError(RowProblem(row.line, "shift_start", message, "Write it like 2026-11-23T08:00:00-05:00."))
    return start


async def _put_nurse(client: httpx.AsyncClient, row: Row) -> tuple[dict[str, Any], bool]:
    """Make the nurse what the row says; return her and whether she was another before."""
    body = {
        "nurse_ref": row.text("external_id"),
        "name": row.text("name"),
        "skills": row.items("skills"),
        "licences": row.items("licences"),
    }
    known = await _ask(client, row, "GET", "/v1/nurses", params={"nurse_ref": row.values["external_id"]})
    if not known["nurses"]:
        return await _ask(client, row, "POST", "/v1/nurses", body), True
    (before,) = known["nurses"]
    after = await _ask(client, row, "PUT", f"/v1/nurses/{before['nurse_id']}", body)
    return after, after["version"] != before["version"]


async def _find_shift(client: httpx.AsyncClient, row: Row, nurse_id: str, start: dt.datetime) -> dict[str, Any] | None:
    params = {"nurse_id": nurse_id, "area_id": row.values["area_id"]}
    shifts: list[dict[str, Any]] = (await _ask(client, row, "GET", "/v1/shifts", params=params))["shifts"]
    same = [shift for shift in shifts if dt.datetime.fromisoformat(shift["start"]) == start]
    return min(same, key=lambda shift: shift["status"] != "open", default=None)


def _times(row: Row) -> dict[str, Any]:
    pause = _filled(row, duration_minutes="break_minutes", earliest="break_earliest", latest="break_latest")
    return {
        "start": row.text("shift_start"),
        "end": row.text("shift_end"),
        "start_point": _filled(row, lat="start_lat", lon="start_lon"),
        "end_point": _filled(row, lat="end_lat", lon="end_lon") or None,
        "breaks": [pause] if pause else [],
    }


def _filled(row: Row, **columns: str) -> dict[str, str]:
    return {name: row.values[column] for name, column in columns.items() if column in row.values}


async def _ask(
    client: httpx.AsyncClient,
    row: Row,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    params: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return what the system answers.

    Raises:
        _RefusedError: it refused the row.
        httpx.TransportError: it is away, or failed on its side.
        ConfigurationError: something else answers at its address.
    """
    reply = await client.request(method, path, json=body, params=params)
    if reply.is_server_error:
        raise httpx.RemoteProtocolError(f"{path} answered {reply.status_code}")
    try:
        answer: dict[str, Any] = reply.json()
    except ValueError as error:
        raise ConfigurationError(f"What answers at {client.base_url} is not Rounds. Check the address.") from error
    if reply.is_success:
        return answer
    fields = answer.get("fields") or [{"field": "", "message": answer["detail"], "remedy": ""}]
    first = fields[0]
    column = COLUMN_OF.get(first["field"], first["field"].split(".")[0])
    raise _RefusedError(RowProblem(row.line, column, first["message"], first["remedy"]))
