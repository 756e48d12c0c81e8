"""The sample's files go through the rooms' own doors."""

import datetime as dt
from pathlib import Path

import pytest

from services.booking.domain import import_rows
from services.dispatch import importing
from services.dispatch.settings import DispatchSettings
from services.sample.addresses import Address
from services.sample.bookings import bookings
from services.sample.day import Day
from services.sample.people import nurses
from services.sample.rows import write_bookings, write_nurses
from shared.events.booking_request import BookingRequest
from shared.tabular import Row, read_rows

DAY = Day("harlan-mills", "America/New_York", dt.date(2026, 11, 23), seed=1)
CODES = ("b12-im-1000", "b12-im-500", "b12-level", "wellness-panel", "cbc", "b12-folate")


@pytest.mark.parametrize("name", ["bookings.csv", "bookings.jsonl"])
def test_every_booking_of_the_sample_is_a_request_that_the_booking_room_understands(
    addresses: list[Address], tmp_path: Path, name: str
) -> None:
    made = bookings(addresses, 320, DAY, CODES, ["N01", "N02"])
    write_bookings(tmp_path / name, made)
    read = list(read_rows(tmp_path / name, import_rows.COLUMNS, import_rows.REQUIRED))
    requests = [
        BookingRequest.model_validate(import_rows.to_request(row), strict=False) for row in read if isinstance(row, Row)
    ]
    assert [request.reference for request in requests] == [row.reference for row in made]
    assert [tuple(request.services) for request in requests] == [row.services for row in made]
    assert [request.address.postcode or "" for request in requests] == [row.postcode for row in made]


def test_every_nurse_of_the_sample_has_all_that_the_dispatch_room_asks_for(
    addresses: list[Address], tmp_path: Path
) -> None:
    write_nurses(tmp_path / "nurses.csv", nurses(addresses, 26, DAY))
    read = list(read_rows(tmp_path / "nurses.csv", importing.COLUMNS, importing.REQUIRED))
    rows = [row for row in read if isinstance(row, Row)]
    assert [row.text("external_id") for row in rows] == [f"N{number:02}" for number in range(1, 27)]
    assert all(row.values.keys() == set(importing.COLUMNS) for row in rows)
    assert {skill for row in rows for skill in row.items("skills")} <= set(DispatchSettings().skills)
