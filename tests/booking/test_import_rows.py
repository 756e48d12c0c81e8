"""A row of a file becomes the body of a booking, and a problem with the body points back to its column."""

from typing import Any

import pytest

from services.booking.domain.import_rows import COLUMNS, REQUIRED, column_of, idempotency_key, to_request
from shared.events.booking_request import BookingRequest
from shared.tabular import Row, RowProblem

FULL = {
    "reference": "SHOP-1",
    "first_name": "Ada",
    "last_name": "Example",
    "birth_date": "1980-04-12",
    "phone": "+1 555 0142",
    "email": "ada@example.org",
    "address": "12 Maple Ave",
    "unit": "3B",
    "city": "Maple Falls",
    "state": "OH",
    "postcode": "43001",
    "services": "b12-im-1000|b12-level",
    "windows": (
        "2030-05-06T09:00:00-04:00/2030-05-06T12:00:00-04:00|2030-05-07T09:00:00-04:00/2030-05-07T12:00:00-04:00"
    ),
    "notes": "Ring twice.",
    "preferred_nurse": "N07",
    "excluded_nurses": "N08|N09",
    "priority": "urgent",
    "area_id": "maple",
}


def request(**changes: str) -> dict[str, Any]:
    made = to_request(Row(2, {k: v for k, v in {**FULL, **changes}.items() if v}))
    assert not isinstance(made, RowProblem)
    return made


def test_a_full_row_becomes_a_booking_with_all_it_says() -> None:
    made = request()
    assert BookingRequest.model_validate(made)
    assert made == {
        "reference": "SHOP-1",
        "services": ["b12-im-1000", "b12-level"],
        "patient": {
            "first_name": "Ada",
            "last_name": "Example",
            "birth_date": "1980-04-12",
            "phone": "+1 555 0142",
            "email": "ada@example.org",
        },
        "address": {"street": "12 Maple Ave", "unit": "3B", "city": "Maple Falls", "state": "OH", "postcode": "43001"},
        "windows": [
            {"start": "2030-05-06T09:00:00-04:00", "end": "2030-05-06T12:00:00-04:00"},
            {"start": "2030-05-07T09:00:00-04:00", "end": "2030-05-07T12:00:00-04:00"},
        ],
        "notes": "Ring twice.",
        "preferred_nurses": ["N07"],
        "excluded_nurses": ["N08", "N09"],
        "priority": "urgent",
        "area_id": "maple",
    }


def test_an_address_alone_in_its_cell_is_one_line() -> None:
    made = request(address="12 Maple Ave, Maple Falls, OH", unit="", city="", state="", postcode="")
    assert made["address"] == {"line": "12 Maple Ave, Maple Falls, OH"}


def test_days_stand_in_for_windows_and_empty_cells_are_left_out() -> None:
    made = to_request(Row(2, {"services": "cbc", "any_time_on": "2030-05-06|2030-05-07", "address": "x"}))
    assert made == {
        "services": ["cbc"],
        "patient": {},
        "address": {"line": "x"},
        "any_time_on": ["2030-05-06", "2030-05-07"],
    }


def test_a_window_that_is_no_interval_is_told_with_an_example() -> None:
    problem = to_request(Row(7, {**FULL, "windows": "tomorrow morning"}))
    assert isinstance(problem, RowProblem)
    assert (problem.line, problem.field, problem.message) == (7, "windows", "tomorrow morning is not an interval.")
    assert problem.remedy.startswith("Write start/end, such as ")


def test_a_row_has_one_key_by_its_reference_or_by_all_it_says() -> None:
    assert idempotency_key(request()) == idempotency_key(request(notes="Ring once."))
    assert idempotency_key(request()) != idempotency_key(request(reference="SHOP-2"))
    nameless = request(reference="")
    assert idempotency_key(nameless) == idempotency_key(request(reference=""))
    assert idempotency_key(nameless) != idempotency_key(request(reference="", notes="Ring once."))


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("patient.birth_date", "birth_date"),
        ("address.street", "address"),
        ("address.line", "address"),
        ("address.postcode", "postcode"),
        ("windows.0.end", "windows"),
        ("services.1", "services"),
        ("preferred_nurses.0", "preferred_nurse"),
        ("body", ""),
    ],
)
def test_a_field_points_back_to_its_column(field: str, column: str) -> None:
    assert column_of(field) == column
    assert column in {*COLUMNS, ""}


def test_what_is_needed_are_columns() -> None:
    assert set(REQUIRED) < set(COLUMNS)
