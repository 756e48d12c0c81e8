"""Rows of the sample as files: CSV as a spreadsheet would save it, JSON Lines as a program would."""

import csv
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class NurseRow:
    """One shift of one nurse, in the order of the file's columns; times are local with their offset."""

    external_id: str
    name: str
    skills: tuple[str, ...]
    licences: tuple[str, ...]
    shift_start: dt.datetime
    shift_end: dt.datetime
    start_lat: float
    start_lon: float
    end_lat: float
    end_lon: float
    break_minutes: int
    break_earliest: dt.datetime
    break_latest: dt.datetime
    area_id: str


@dataclass(frozen=True)
class BookingRow:
    """One booking, in the order of the file's columns.

    `windows` are "start/end" with offsets, `any_time_on` dates; exactly one of the two is filled.
    """

    reference: str
    first_name: str
    last_name: str
    birth_date: dt.date
    phone: str
    email: str
    address: str
    unit: str
    city: str
    state: str
    postcode: str
    services: tuple[str, ...]
    windows: tuple[str, ...]
    any_time_on: tuple[dt.date, ...]
    notes: str
    preferred_nurse: str
    excluded_nurses: tuple[str, ...]
    priority: str
    area_id: str


def write_nurses(path: Path, rows: Sequence[NurseRow]) -> None:
    """Write nurses and their shifts as CSV.

    Raises:
        OSError: the file cannot be written.
    """
    _write_csv(path, NurseRow, rows)


def write_bookings(path: Path, rows: Sequence[BookingRow]) -> None:
    """Write bookings as CSV, or as JSON Lines when the name of `path` ends in `.jsonl`.

    Raises:
        OSError: the file cannot be written.
    """
    if path.suffix == ".jsonl":
        lines = (json.dumps(_filled(row), default=_text, ensure_ascii=False) for row in rows)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    else:
        _write_csv(path, BookingRow, rows)


def _write_csv(path: Path, kind: type[NurseRow | BookingRow], rows: Sequence[NurseRow | BookingRow]) -> None:
    columns = [field.name for field in fields(kind)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(getattr(row, column)) for column in columns] for row in rows)


def _filled(row: BookingRow) -> dict[str, object]:
    return {name: value for name, value in asdict(row).items() if value not in ("", ())}


def _text(value: object) -> str:
    """A cell: lists joined by bars, times in ISO 8601."""
    if isinstance(value, tuple):
        return "|".join(_text(part) for part in value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)
