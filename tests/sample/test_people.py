import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest

from services.sample.addresses import Address, Landmark
from services.sample.day import Day
from services.sample.people import nurses
from shared.errors import ConfigurationError

DAY = Day("harlan-mills", "America/New_York", dt.date(2026, 11, 23), seed=1)
HOMES = [Address(str(n), "Elm Street", "", "Harlan Mills", "OH", "43087", 40.3 + n / 1000, -82.6) for n in range(40)]
BASE = Landmark("Base", 40.25, -82.65)


def test_the_same_seed_gives_the_same_nurses_and_another_does_not() -> None:
    assert nurses(HOMES, 26, DAY, BASE) == nurses(HOMES, 26, DAY, BASE)
    assert nurses(HOMES, 26, replace(DAY, seed=2), BASE) != nurses(HOMES, 26, DAY, BASE)


def test_skills_follow_the_licence() -> None:
    rows = nurses(HOMES, 30, DAY, BASE)
    kinds = Counter((row.licences[0], row.skills[:2]) for row in rows)
    assert kinds == {
        ("RN:OH", ("injection", "venipuncture")): 15,
        ("PHLEB:OH", ("venipuncture",)): 9,
        ("LPN:OH", ("injection",)): 6,
    }
    assert any("paediatric" in row.skills for row in rows)
    assert any("RN:PA" in row.licences for row in rows)


def test_california_licenses_vocational_nurses() -> None:
    rows = nurses([replace(home, state="CA") for home in HOMES], 10, DAY, BASE)
    assert {row.licences[0] for row in rows} == {"RN:CA", "PHLEB:CA", "LVN:CA"}


def test_every_nurse_has_one_name_and_one_code() -> None:
    rows = nurses(HOMES, 26, DAY, BASE)
    assert len({row.external_id for row in rows}) == len({row.name for row in rows}) == 26


def test_shifts_are_eight_local_hours_with_a_break_inside() -> None:
    rows = nurses(HOMES, 26, DAY, BASE)
    for row in rows:
        assert row.shift_end - row.shift_start == dt.timedelta(hours=8)
        assert row.shift_start.date() == row.shift_end.date() == DAY.date
        assert row.shift_start < row.break_earliest < row.break_latest < row.shift_end
        assert row.break_latest - row.break_earliest > dt.timedelta(minutes=row.break_minutes)
    assert rows[0].shift_start.isoformat() == "2026-11-23T07:30:00-05:00"
    assert min(row.shift_start for row in rows).hour == 7
    assert max(row.shift_end for row in rows).hour == 20


def test_some_start_from_home_and_the_others_from_the_base() -> None:
    rows = nurses(HOMES, 26, DAY, BASE)
    places = Counter((row.start_lat, row.start_lon) == (BASE.lat, BASE.lon) for row in rows)
    assert min(places[True], places[False]) >= 5
    homes = {(home.lat, home.lon) for home in HOMES} | {(BASE.lat, BASE.lon)}
    assert all((row.start_lat, row.start_lon) in homes for row in rows)


def test_without_a_base_an_address_stands_in_for_it() -> None:
    homes = {(home.lat, home.lon) for home in HOMES}
    assert all((row.end_lat, row.end_lon) in homes for row in nurses(HOMES, 26, DAY))


def test_addresses_without_a_state_are_refused_with_a_sentence() -> None:
    with pytest.raises(ConfigurationError, match=r"says its state.*Choose an extract with ZIP codes"):
        nurses([replace(home, state="") for home in HOMES], 5, DAY)
