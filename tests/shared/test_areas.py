"""An area is what its manifest says; a broken manifest names the file to rebuild."""

import datetime as dt
import os
from pathlib import Path

import pytest

from shared import areas as areas_module
from shared.areas import MANIFEST, Area, Areas, area_dir, load_areas
from shared.errors import ConfigurationError
from shared.events.ids import AreaId

MAPLE = Area(
    id=AreaId("maple"),
    name="Maple Falls",
    timezone="America/New_York",
    bbox=(-83.1, 39.9, -83.0, 40.0),
    source="maple.osm.pbf",
    source_sha256="00",
    built_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    addresses=10,
    streets=2,
)


def hours(day: dt.date) -> float:
    start, end = (bound.astimezone(dt.UTC) for bound in MAPLE.day_bounds(day))
    return (end - start) / dt.timedelta(hours=1)


def test_a_day_is_as_long_as_the_clocks_make_it() -> None:
    assert hours(dt.date(2026, 3, 8)) == 23
    assert hours(dt.date(2026, 6, 1)) == 24
    assert hours(dt.date(2026, 11, 1)) == 25


def test_the_local_date_is_the_areas_not_utcs() -> None:
    assert MAPLE.local_date(dt.datetime(2026, 6, 2, 3, tzinfo=dt.UTC)) == dt.date(2026, 6, 1)


def test_areas_are_found_by_their_manifests(tmp_path: Path) -> None:
    folder = area_dir(tmp_path, MAPLE.id)
    folder.mkdir(parents=True)
    assert load_areas(tmp_path) == {}
    (folder / "area.json").write_text(MAPLE.model_dump_json())
    assert load_areas(tmp_path) == {"maple": MAPLE}
    (folder / "area.json").write_text("{")
    with pytest.raises(ConfigurationError, match="rounds area build"):
        load_areas(tmp_path)


def test_a_running_system_sees_new_changed_and_lost_areas_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(areas_module, "monotonic", lambda: now)
    areas = Areas(tmp_path)
    assert areas() == {}
    manifest = area_dir(tmp_path, MAPLE.id) / MANIFEST
    manifest.parent.mkdir(parents=True)
    manifest.write_text(MAPLE.model_dump_json())
    now += 0.5
    assert areas() == {}
    now += 0.5
    assert areas() == {MAPLE.id: MAPLE}
    manifest.write_text(MAPLE.model_copy(update={"name": "Maple Hill"}).model_dump_json())
    os.utime(manifest, ns=(1, 1))
    now += 1
    assert areas()[MAPLE.id].name == "Maple Hill"
    manifest.unlink()
    now += 1
    assert areas() == {}
