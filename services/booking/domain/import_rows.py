"""Rows of a file of bookings: from the columns of a row to the body of a request, and back from its problems."""

import hashlib
import json
from typing import Any

from shared.tabular import Row, RowProblem

COLUMNS = (
    "reference",
    "first_name",
    "last_name",
    "birth_date",
    "phone",
    "email",
    "address",
    "unit",
    "city",
    "state",
    "postcode",
    "services",
    "windows",
    "any_time_on",
    "notes",
    "preferred_nurse",
    "excluded_nurses",
    "priority",
    "area_id",
)
REQUIRED = ("first_name", "last_name", "birth_date", "address", "services")
COLUMN_OF = {"street": "address", "line": "address", "preferred_nurses": "preferred_nurse"}
"""Fields of the request whose column has another name."""


def to_request(row: Row) -> dict[str, Any] | RowProblem:
    """Return a row as the body of a booking; what its values mean is for the room to judge."""
    windows = []
    for window in row.items("windows"):
        start, slash, end = window.partition("/")
        if not slash:
            message = f"{window[:60]} is not an interval."
            remedy = "Write start/end, such as 2026-11-23T09:00:00-05:00/2026-11-23T12:00:00-05:00."
            return RowProblem(row.line, "windows", message, remedy)
        windows.append({"start": start.strip(), "end": end.strip()})
    body = {
        "reference": row.text("reference"),
        "services": row.items("services"),
        "patient": _filled(
            {name: row.text(name) for name in ("first_name", "last_name", "birth_date", "phone", "email")}
        ),
        "address": _address(row),
        "windows": windows,
        "any_time_on": row.items("any_time_on"),
        "notes": row.text("notes"),
        "preferred_nurses": row.items("preferred_nurse"),
        "excluded_nurses": row.items("excluded_nurses"),
        "priority": row.text("priority"),
        "area_id": row.text("area_id"),
    }
    return _filled(body)


def idempotency_key(request: dict[str, Any]) -> str:
    """Return the key a row is sent under: the digest of its reference or, without one, of all it says.

    So the same file again, or the same row in another file, makes no second booking.
    """
    reference = request.get("reference")
    text = f"reference {reference}" if reference else json.dumps(request, sort_keys=True)
    return f"import-{hashlib.sha256(text.encode()).hexdigest()}"


def column_of(field: str) -> str:
    """Return the column that a field of the request came from (``patient.birth_date``: ``birth_date``)."""
    parts = [part for part in field.split(".") if not part.isdigit()]
    if not parts or parts[0] == "body":
        return ""
    name = parts[1] if parts[0] in {"patient", "address"} and len(parts) > 1 else parts[0]
    return COLUMN_OF.get(name, name)


def _address(row: Row) -> dict[str, Any]:
    """One line when the address stands alone in its cell, else in parts."""
    parts = _filled({name: row.text(name) for name in ("unit", "city", "state", "postcode")})
    first = "street" if parts else "line"
    return {first: row.text("address"), **parts}


def _filled(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value not in (None, [])}
