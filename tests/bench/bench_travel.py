"""How long maps take to build and travel times to come: ``python -m tests.bench.bench_travel [EXTRACT ...]``."""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from services.area import build_area
from services.geocoding.index.extract import read_extract
from services.routing.travel.cache import CachedTravel
from services.routing.travel.graphs import AreaGraphs
from services.routing.travel.osrm import OsrmTravel
from services.routing.travel.osrm_engine import OsrmEngine
from services.routing.travel.port import Point
from services.routing.travel.straight_line import StraightLine

MAPS = Path(__file__).parents[3] / "shared" / "maps"
CITIES = ("queens-village-ny.osm.pbf", "vancouver-bc.osm.pbf")
VISITS = 500
ONE_MORE = 20
"""Visits added one after the other; the median is shown."""


async def measure(extract: Path, data: Path, table: Table) -> None:
    """Add one city's column of figures as rows."""
    began = time.perf_counter()
    area = build_area(extract, "bench", extract.stem, "America/New_York", data, lambda *_: None)
    table.add_row(extract.name, "area built (graph, addresses, basemap)", f"{time.perf_counter() - began:.1f} s")
    size = sum(file.stat().st_size for file in (data / "areas" / "bench").rglob("*") if file.is_file())
    table.add_row("", "area on disk", f"{size / 1e6:.0f} MB")
    found = read_extract(extract, lambda *_: None).addresses
    places = [Point(a.lat, a.lon) for a in random.Random(1).sample(found, VISITS + ONE_MORE)]  # noqa: S311 - no secret
    engine, graphs = OsrmEngine(), AreaGraphs(data)
    travel = CachedTravel(OsrmTravel(engine, graphs, StraightLine()), lambda area_id: graphs(area_id).version)
    await travel.matrix(area.id, places[:2])
    full = await _seconds(lambda: travel.matrix(area.id, places[:VISITS]))
    table.add_row("", f"{VISITS} × {VISITS} seconds and metres", f"{full * 1e3:.0f} ms")
    sizes = range(VISITS + 1, VISITS + ONE_MORE)
    more = [await _seconds(partial(travel.matrix, area.id, places[:size])) for size in sizes]
    table.add_row("", "one more visit (a row and a column)", f"{sorted(more)[len(more) // 2] * 1e3:.0f} ms")
    again = await _seconds(lambda: travel.matrix(area.id, places[:VISITS]))
    table.add_row("", f"{VISITS} × {VISITS} once more, from the cache", f"{again * 1e3:.1f} ms")
    way = await _seconds(lambda: travel.geometry(area.id, places[:15]))
    table.add_row("", "the way through 15 stops", f"{way * 1e3:.0f} ms")
    resident = psutil.Process(engine.pid).memory_info().rss
    table.add_row("", "OSRM process, resident", f"{resident / 1e6:.0f} MB")
    await engine.stop()


async def _seconds(ask: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await ask()
    return time.perf_counter() - began


def main() -> None:
    """Measure each extract in a data directory of its own and print the table."""
    table = Table("extract", "what", "figure")
    for extract in [Path(name) for name in sys.argv[1:]] or [MAPS / city for city in CITIES]:
        with tempfile.TemporaryDirectory() as data:
            asyncio.run(measure(extract, Path(data), table))
    Console().print(table)


if __name__ == "__main__":
    main()
