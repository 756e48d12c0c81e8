import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services import area as area_module
from services.area import AreaError, build_area, shown_progress
from services.routing.travel.graphs import AreaGraphs
from shared.areas import area_dir, load_areas
from shared.errors import RoundsError
from shared.events.ids import AreaId
from tests.area.conftest import Extract

ROOT = Path(__file__).parents[2]
VILLAGE = AreaId("ash-grove")
ZONE = "America/New_York"
PARTS = {"graph", "addresses.sqlite", "basemap.pmtiles", "area.json"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_an_area_has_all_its_parts_and_its_manifest(make_extract: Extract, data: Path) -> None:
    built = build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    assert load_areas(data) == {VILLAGE: built}
    assert {part.name for part in area_dir(data, VILLAGE).iterdir()} == PARTS
    assert (built.name, built.timezone, built.source) == ("Ash Grove", ZONE, "village.osm.pbf")
    assert (built.addresses, built.streets, built.states) == (13, 3, ("OH",))
    assert len(built.source_sha256) == 64
    assert (Path(AreaGraphs(data)(VILLAGE).base).with_suffix(".osrm.mldgr")).exists()


def test_progress_names_the_job_of_every_step(make_extract: Extract, data: Path) -> None:
    steps: list[tuple[str, float]] = []
    build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, data, lambda what, share: steps.append((what, share)))
    assert {what.partition(":")[0] for what, _ in steps} == {"Address index", "Road graph", "Basemap"}
    assert all(0.0 <= share <= 1.0 for _, share in steps)
    assert {("Road graph", 1.0), ("Basemap", 1.0)} <= set(steps)


def test_while_it_is_built_again_the_area_is_there_and_whole(make_extract: Extract, data: Path) -> None:
    before = build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    seen: list[bool] = []

    def look(*_: object) -> None:
        parts = {part.name for part in area_dir(data, VILLAGE).iterdir()}
        seen.append(load_areas(data) == {VILLAGE: before} and parts == PARTS)

    after = build_area(make_extract("newer.osm.pbf"), VILLAGE, "Ash Grove", ZONE, data, look)
    assert seen
    assert all(seen)
    assert load_areas(data) == {VILLAGE: after}
    assert after.source == "newer.osm.pbf"
    builds = [build for build in (data / "areas" / ".builds").iterdir() if build.is_dir()]
    assert len(builds) == 1


@pytest.mark.parametrize(
    ("roads", "addresses", "sentence"),
    [(False, True, "no road that a car may use"), (True, False, "address")],
)
def test_an_extract_that_lacks_a_part_leaves_nothing(
    *, roads: bool, addresses: bool, sentence: str, make_extract: Extract, data: Path
) -> None:
    extract = make_extract(roads=roads, addresses=addresses)
    with pytest.raises(RoundsError, match=sentence):
        build_area(extract, VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    assert load_areas(data) == {}
    assert [left.name for left in (data / "areas" / ".builds").iterdir()] == ["ash-grove.lock"]


def test_a_build_that_fails_leaves_the_area_that_was_there(make_extract: Extract, data: Path, tmp_path: Path) -> None:
    before = build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    damaged = tmp_path / "damaged.osm.pbf"
    damaged.write_bytes(make_extract().read_bytes()[:-10])
    with pytest.raises(RoundsError, match=r"damaged\.osm\.pbf"):
        build_area(damaged, VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    assert load_areas(data) == {VILLAGE: before}
    assert {part.name for part in area_dir(data, VILLAGE).iterdir()} == PARTS


def test_a_build_that_is_killed_leaves_no_area_and_the_next_one_clears_up(make_extract: Extract, data: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from services.area import build_area\n"
        "def die(what, share):\n"
        "    if what.startswith('Basemap: tiles'): os._exit(9)\n"
        "build_area(Path(sys.argv[1]), 'ash-grove', 'Ash Grove', 'America/New_York', Path(sys.argv[2]), die)\n"
    )
    extract = make_extract()
    killed = subprocess.run(  # noqa: S603 - this interpreter and the program above
        [sys.executable, "-c", program, str(extract), str(data)], cwd=ROOT, check=False
    )
    assert killed.returncode == 9
    assert load_areas(data) == {}
    build_area(extract, VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    assert list(load_areas(data)) == [VILLAGE]
    assert len(list((data / "areas" / ".builds").glob("ash-grove@*"))) == 1


def test_two_builds_of_one_area_at_once_are_refused(make_extract: Extract, data: Path) -> None:
    (data / "areas" / ".builds").mkdir(parents=True)
    with (data / "areas" / ".builds" / "ash-grove.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AreaError, match="is being built by another process"):
            build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)


def test_an_area_restored_from_a_copy_without_links_can_be_built_again(make_extract: Extract, data: Path) -> None:
    area_dir(data, VILLAGE).mkdir(parents=True)
    (area_dir(data, VILLAGE) / "old").touch()
    built = build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    assert load_areas(data) == {VILLAGE: built}
    assert {part.name for part in area_dir(data, VILLAGE).iterdir()} == PARTS


@pytest.mark.parametrize("area_id", ["", "Queens", "queens_ny", "../queens", "-queens", "queens--ny", "a" * 41])
def test_an_id_that_is_no_slug_is_refused_with_an_example(area_id: str, make_extract: Extract, data: Path) -> None:
    with pytest.raises(AreaError, match="such as queens-ny"):
        build_area(make_extract(), area_id, "Queens", ZONE, data, lambda *_: None)
    assert not data.exists()


@pytest.mark.parametrize(
    ("zone", "hint"),
    [("America/NewYork", "Did you mean America/New_York"), ("EDT!?", "such as America/New_York"), ("America", "IANA")],
)
def test_a_time_zone_that_is_none_is_refused_with_a_hint(
    zone: str, hint: str, make_extract: Extract, data: Path
) -> None:
    with pytest.raises(AreaError, match=hint):
        build_area(make_extract(), VILLAGE, "Ash Grove", zone, data, lambda *_: None)


def test_an_extract_that_is_missing_or_empty_is_named(tmp_path: Path, data: Path) -> None:
    with pytest.raises(AreaError, match=r"There is no extract at .*nowhere\.osm\.pbf"):
        build_area(tmp_path / "nowhere.osm.pbf", VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    (tmp_path / "empty.osm.pbf").touch()
    with pytest.raises(AreaError, match=r"empty\.osm\.pbf is empty"):
        build_area(tmp_path / "empty.osm.pbf", VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    make_extract: Extract, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(area_module, "build_basemap", fill)
    with pytest.raises(AreaError, match=r"disk that holds .* is full\. Make room"):
        build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, data, lambda *_: None)
    assert load_areas(data) == {}
    assert not list((data / "areas" / ".builds").glob("ash-grove@*"))


def test_a_place_that_cannot_be_written_is_a_sentence(make_extract: Extract, tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(AreaError, match="cannot be written below"):
        build_area(make_extract(), VILLAGE, "Ash Grove", ZONE, tmp_path / "data", lambda *_: None)


def test_each_job_has_its_own_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress() as progress:
        progress("Road graph: streets", 0.0)
        progress("Basemap: shapes", 0.5)
        progress("Road graph: cells", 0.6)
    shown = capsys.readouterr().err
    assert "Road graph: cells" in shown
    assert "60%" in shown
    assert "Basemap: shapes" in shown
