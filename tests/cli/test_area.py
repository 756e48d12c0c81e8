"""``rounds area``: what there is, for people and for programs."""

import json
from pathlib import Path

from tests.cli.conftest import Rounds
from tests.flow.conftest import AREA


def test_areas_are_listed(rounds: Rounds, map_dir: Path) -> None:
    done = rounds("area", "list", "--data", map_dir)
    assert (done.code, AREA in done.out, "America/New_York" in done.out) == (0, True, True)


def test_areas_are_listed_for_programs_without_the_long_lists(rounds: Rounds, map_dir: Path) -> None:
    done = rounds("area", "list", "--json", "--data", map_dir)
    (area,) = [json.loads(line) for line in done.out.splitlines()]
    assert (area["id"], area["timezone"], area["states"]) == (AREA, "America/New_York", ["OH"])
    assert area["addresses"] > 1_000
    assert "postcodes" not in area


def test_a_build_that_cannot_be_says_why_before_it_begins(rounds: Rounds, tmp_path: Path) -> None:
    build = ("area", "build", tmp_path / "nowhere.osm.pbf", "--data", tmp_path)
    missing = rounds(*build, "--id", "queens-ny", "--timezone", "America/New_York")
    zone = rounds(*build, "--id", "queens-ny", "--timezone", "America/NewYork")
    assert (missing.code, zone.code) == (2, 2)
    assert "There is no extract at" in missing.err
    assert "Did you mean America/New_York?" in zone.err
