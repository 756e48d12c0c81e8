"""How long maps take to build and travel times to come, on real extracts."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import psutil

from services.area import build_area
from services.geocoding.index.extract import read_extract
from services.routing.travel.cache import CachedTravel
from services.routing.travel.graphs import AreaGraphs
from services.routing.travel.osrm import OsrmTravel
from services.routing.travel.osrm_engine import OsrmEngine
from services.routing.travel.port import Point
from services.routing.travel.straight_line import StraightLine
from tests.bench.finding import Finding, show

MAPS = Path(__file__).parents[3] / "shared" / "maps"
CITIES = ("queens-village-ny.osm.pbf", "vancouver-bc.osm.pbf")
VISITS = 500
ONE_MORE = 20
"""Visits added one after the other; the median is shown."""


async def measure(extract: Path, data: Path) -> list[Finding]:
    """Return one city's figures."""
    found = []

    def note(what: str, figure: str) -> None:
        found.append(Finding(f"{extract.name.removesuffix('.osm.pbf')}: {what}", figure))

    began = time.perf_counter()
    area = build_area(extract, "bench", extract.stem, "America/New_York", data, lambda *_: None)
    note("area built (graph, addresses, basemap)", f"{time.perf_counter() - began:.1f} s")
    size = sum(file.stat().st_size for file in (data / "areas" / "bench").rglob("*") if file.is_file())
    note("area on disk", f"{size / 1e6:.0f} MB")
    houses = read_extract(extract, lambda *_: None).addresses
    places = [Point(a.lat, a.lon) for a in random.Random(1).sample(houses, VISITS + ONE_MORE)]  # noqa: S311 - no secret
    engine, graphs = OsrmEngine(), AreaGraphs(data)
    travel = CachedTravel(OsrmTravel(engine, graphs, StraightLine()), lambda area_id: graphs(area_id).version)
    await travel.matrix(area.id, places[:2])
    full = await _seconds(lambda: travel.matrix(area.id, places[:VISITS]))
    note(f"{VISITS} × {VISITS} seconds and metres", f"{full * 1e3:.0f} ms")
    sizes = range(VISITS + 1, VISITS + ONE_MORE)
    more = [await _seconds(partial(travel.matrix, area.id, places[:size])) for size in sizes]
    note("one more visit (a row and a column)", f"{sorted(more)[len(more) // 2] * 1e3:.0f} ms")
    again = await _seconds(lambda: travel.matrix(area.id, places[:VISITS]))
    note(f"{VISITS} × {VISITS} once more, from the cache", f"{again * 1e3:.1f} ms")
    way = await _seconds(lambda: travel.geometry(area.id, places[:15]))
    note("the way through 15 stops", f"{way * 1e3:.0f} ms")
    resident = psutil.Process(engine.pid).memory_info().rss
    note("OSRM process, resident", f"{resident / 1e6:.0f} MB")
    await engine.stop()
    return found


async def _seconds(ask: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await ask()
    return time.perf_counter() - began


def main() -> Sequence[Finding]:
    """Measure each extract in a data directory of its own and print the table."""
    findings: list[Finding] = []
    for city in CITIES:
        with tempfile.TemporaryDirectory() as data:
            findings += asyncio.run(measure(MAPS / city, Path(data)))
    show("Maps and travel times", findings)
    return findings


if __name__ == "__main__":
    main()
