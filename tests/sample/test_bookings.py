import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest

from services.sample.addresses import Address
from services.sample.bookings import bookings
from services.sample.day import Day
from services.sample.people import nurses
from services.sample.rows import BookingRow
from shared.errors import ConfigurationError

DAY = Day("harlan-mills", "America/New_York", dt.date(2026, 11, 23), seed=1)
CODES = ("b12-im-1000", "b12-im-500", "b12-level", "wellness-panel", "cbc", "b12-folate")
INJECTIONS = {"b12-im-1000", "b12-im-500"}
NURSES = [f"N{n:02}" for n in range(1, 27)]


@pytest.fixture(scope="module")
def rows(addresses: list[Address]) -> list[BookingRow]:
    return bookings(addresses, 320, DAY, CODES, NURSES)


def interval(window: str) -> tuple[dt.datetime, dt.datetime]:
    start, end = window.split("/")
    return dt.datetime.fromisoformat(start), dt.datetime.fromisoformat(end)


def test_the_same_seed_gives_the_same_bookings_and_another_does_not(
    addresses: list[Address], rows: list[BookingRow]
) -> None:
    assert bookings(addresses, 320, DAY, CODES, NURSES) == rows
    assert bookings(addresses, 320, replace(DAY, seed=2), CODES, NURSES) != rows


def test_every_booking_has_its_own_reference_and_an_adult_patient(rows: list[BookingRow]) -> None:
    assert len({row.reference for row in rows}) == len({(row.first_name, row.last_name) for row in rows}) == 320
    assert all(dt.date(1930, 1, 1) < row.birth_date < dt.date(2008, 11, 23) for row in rows)
    assert all(row.phone[-8:-2] == "555 01" and row.email.endswith("@example.org") for row in rows)


def test_exactly_one_of_windows_and_any_time_is_filled(rows: list[BookingRow]) -> None:
    assert all(bool(row.windows) != bool(row.any_time_on) for row in rows)
    assert all(row.any_time_on in ((), (DAY.date,)) for row in rows)
    assert 80 < sum(bool(row.any_time_on) for row in rows) < 160


def test_windows_are_one_to_four_local_hours_on_the_day(rows: list[BookingRow]) -> None:
    windows = [interval(window) for row in rows for window in row.windows]
    hours = Counter((end - start) / dt.timedelta(hours=1) for start, end in windows)
    assert hours.keys() == {1, 2, 3, 4}
    assert all(start.date() == end.date() == DAY.date and 6 <= start.hour < end.hour <= 18 for start, end in windows)
    assert {start.utcoffset() for start, _ in windows} == {dt.timedelta(hours=-5)}


def test_who_fasts_is_visited_in_the_morning(rows: list[BookingRow]) -> None:
    fasting = [row for row in rows if {"wellness-panel", "b12-folate"} & set(row.services)]
    assert len(fasting) > 30
    assert all(interval(row.windows[0])[1].hour <= 12 for row in fasting)


def test_a_few_wish_an_hour_before_any_shift_begins(rows: list[BookingRow]) -> None:
    early = [row for row in rows if row.windows and interval(row.windows[-1])[0].hour < 7]
    assert 1 <= len(early) <= 8


def test_only_services_of_the_catalogue_are_asked_for(addresses: list[Address]) -> None:
    rows = bookings(addresses, 50, DAY, ["cbc", "b12-level", "something-else"])
    assert {row.services for row in rows} == {("cbc",), ("b12-level",), ("cbc", "b12-level")}


def test_a_catalogue_without_any_known_service_is_refused_with_a_sentence(addresses: list[Address]) -> None:
    with pytest.raises(ConfigurationError, match=r"none of the services.*Add one of them"):
        bookings(addresses, 5, DAY, ["flu-shot"])


def test_most_addresses_can_be_found_and_the_review_queue_is_not_empty(
    addresses: list[Address], rows: list[BookingRow]
) -> None:
    streets = {address.street for address in addresses}
    other_state = [row for row in rows if row.state != "OH"]
    unknown = [row for row in rows if row.address.startswith("PO Box") or "Larkspur Quay" in row.address]
    out_of_range = [row for row in rows if row.address[:3] == "980" and row.address[:5].isdigit()]
    assert len(other_state) == 3
    vague = [row for row in rows if row.address.partition(" ")[2] not in streets and not row.postcode]
    vague = [row for row in vague if any(row.address.partition(" ")[2] == s.partition(" ")[2] for s in streets)]
    assert len(unknown) + len(out_of_range) == 6
    assert len(vague) >= 3
    assert "Larkspur Quay" not in streets


def test_addresses_are_written_with_all_sorts_of_noise(rows: list[BookingRow]) -> None:
    assert 30 < sum(not row.postcode for row in rows) < 70
    assert sum(" St" in row.address and "Street" not in row.address for row in rows) > 40
    assert sum(bool(row.unit) for row in rows) >= 8
    assert sum(mark in row.address for row in rows for mark in (" Apt ", " Unit ", " #")) >= 5
    assert any(row.address.isupper() for row in rows)


def test_nurses_are_preferred_and_excluded_now_and_then_but_never_both(rows: list[BookingRow]) -> None:
    preferred = [row.preferred_nurse for row in rows if row.preferred_nurse]
    assert 8 <= len(preferred) <= 30
    assert set(preferred) <= set(NURSES)
    assert sum(bool(row.excluded_nurses) for row in rows) >= 1
    assert all(row.preferred_nurse not in row.excluded_nurses for row in rows)


def test_more_bookings_than_addresses_share_households() -> None:
    home = Address("12", "Elm Street", "", "Troy", "NY", "12180", 42.7, -73.7)
    assert len(bookings([home], 40, DAY, CODES)) == 40


def test_nurses_of_each_skill_have_time_for_all_that_is_asked_of_them(
    addresses: list[Address], rows: list[BookingRow]
) -> None:
    """With five minutes' drive to each visit and a half-hour break, four fifths of the shifts are enough."""
    staff = nurses(addresses, 26, DAY)
    usable = 0.8 * (8 - 0.5) * 60
    injecting = [row for row in rows if INJECTIONS & set(row.services)]
    drawing = [row for row in rows if not set(row.services) <= INJECTIONS]
    for demand, skills in (
        (rows, {"injection", "venipuncture"}),
        (injecting, {"injection"}),
        (drawing, {"venipuncture"}),
    ):
        able = [nurse for nurse in staff if skills & set(nurse.skills)]
        assert sum(20 * len(row.services) + 5 for row in demand) < usable * len(able)
