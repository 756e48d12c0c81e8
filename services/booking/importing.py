"""Importing a file of bookings into a running system: every row is sent once, and told what became of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from services.booking.domain.import_rows import COLUMNS, REQUIRED, column_of, idempotency_key, to_request
from shared.bus.waiting import jittered
from shared.tabular import Row, RowProblem, TabularError, read_rows

AT_ONCE = 8
PATIENCE_SECONDS = 60.0
AWAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
SERVER_FAULTS = 3
"""How often a row may meet a failure of the server itself before it is reported."""


class _Fate(Enum):
    CREATED = auto()
    ALREADY_THERE = auto()
    UNSENT = auto()


@dataclass(slots=True)
class ImportReport:
    """What became of a file's rows.

    Attributes:
        created: bookings made.
        already_there: rows that were booked before.
        refused: what stands against the rows that cannot be booked, in the file's order; a row may have several.
        unsent: lines that were not sent, or whose reply never came, because the system was away for too long.
    """

    created: int = 0
    already_there: int = 0
    refused: list[RowProblem] = field(default_factory=list)
    unsent: list[int] = field(default_factory=list)

    @property
    def refused_rows(self) -> int:
        """How many rows were refused."""
        return len({problem.line for problem in self.refused})

    @property
    def settled(self) -> int:
        """How many rows are dealt with, one way or another."""
        return self.created + self.already_there + self.refused_rows + len(self.unsent)


async def import_rows(
    client: httpx.AsyncClient,
    file: Path,
    on_progress: Callable[[int, int], None],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    relocate: Callable[[], str | None] = lambda: None,
) -> ImportReport:
    """Send every row of a file, some at once; a row that is refused stops no other.

    A system that is away, or starts again in the midst of it, is waited for; the key of a row makes sure that it is
    not booked twice when its first reply was lost.

    Args:
        client: reaches the running system.
        file: CSV or JSON Lines with the columns of ``import_rows.COLUMNS``.
        on_progress: told how many rows are settled, of how many.
        patience_seconds: how long the system may be away before the rest is given up.
        relocate: returns the system's address anew after it was away, if that can have changed.

    Raises:
        TabularError: the file as a whole cannot be read, or has no rows.
    """
    entries = list(read_rows(file, COLUMNS, REQUIRED))
    if not entries:
        raise TabularError(f"{file} has a header and no rows. Put one booking in each line below it.")
    sending = _Sending(client, patience_seconds, relocate)
    report = ImportReport()
    pending = iter(entries)

    async def work() -> None:
        for entry in pending:
            request = to_request(entry) if isinstance(entry, Row) else entry
            outcome = [request] if isinstance(request, RowProblem) else await sending.send(entry.line, request)
            _note(report, entry.line, outcome)
            on_progress(report.settled, len(entries))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    report.refused.sort(key=lambda problem: problem.line)
    report.unsent.sort()
    return report


def _note(report: ImportReport, line: int, outcome: _Fate | list[RowProblem]) -> None:
    match outcome:
        case _Fate.CREATED:
            report.created += 1
        case _Fate.ALREADY_THERE:
            report.already_there += 1
        case _Fate.UNSENT:
            report.unsent.append(line)
        case problems:
            report.refused += problems


@dataclass(slots=True)
class _Sending:
    """Sends rows to one system, with one patience for all of them."""

    client: httpx.AsyncClient
    patience: float
    relocate: Callable[[], str | None]
    heard_at: float | None = None
    gave_up: bool = False

    async def send(self, line: int, request: dict[str, Any]) -> _Fate | list[RowProblem]:
        """Send a row until it is answered, or until the patience is over."""
        attempts = faults = 0
        lost_reply = False
        while not self.gave_up:
            attempts += 1
            reply = await self._post(request)
            if reply is None:
                lost_reply = True
                self._wait_or_give_up()
            elif reply.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and faults < SERVER_FAULTS:
                faults += 1
            elif not _is_running(reply):
                return _judge(line, reply, lost_reply=lost_reply)
            await asyncio.sleep(jittered(attempts, first=0.1, cap=2.0))
        return _Fate.UNSENT

    async def _post(self, request: dict[str, Any]) -> httpx.Response | None:
        """Return the system's answer; None while it is away."""
        headers = {"Idempotency-Key": f'"{idempotency_key(request)}"'}
        try:
            reply = await self.client.post("/v1/bookings", json=request, headers=headers)
        except httpx.TransportError:
            return None
        if reply.status_code in AWAY:
            return None
        self.heard_at = asyncio.get_running_loop().time()
        return reply

    def _wait_or_give_up(self) -> None:
        now = asyncio.get_running_loop().time()
        if self.heard_at is None:
            self.heard_at = now
        self.gave_up = now - self.heard_at >= self.patience
        address = self.relocate()
        if address is not None:
            self.client.base_url = httpx.URL(address)


def _is_running(reply: httpx.Response) -> bool:
    """Tell whether the row is being worked on under an earlier request: the reply will be there in a moment."""
    return reply.status_code == HTTPStatus.CONFLICT and _problem(reply).get("type", "").endswith(
        "/idempotency-key-in-use"
    )


def _judge(line: int, reply: httpx.Response, *, lost_reply: bool) -> _Fate | list[RowProblem]:
    """Return what an answer means for the row. A replay after a lost reply is the booking this import made."""
    if reply.is_success:
        replayed = reply.headers.get("idempotency-replayed") == "true"
        return _Fate.ALREADY_THERE if replayed and not lost_reply else _Fate.CREATED
    body = _problem(reply)
    if body.get("type", "").endswith("/reference-exists"):
        return _Fate.ALREADY_THERE
    if not body:
        message = f"{reply.url} answered {reply.status_code}."
        return [RowProblem(line, "", message, "Check that --url names a Rounds system.")]
    fields = [RowProblem(line, column_of(f["field"]), f["message"], f["remedy"]) for f in body.get("fields", [])]
    return fields or [RowProblem(line, "", str(body.get("detail", "")), "")]


def _problem(reply: httpx.Response) -> dict[str, Any]:
    try:
        body = reply.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
