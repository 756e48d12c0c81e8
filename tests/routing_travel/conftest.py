"""A town small enough to reckon by hand: six by six streets, one of them one-way, and an island without a bridge."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, override

import httpx
import osmium
import pytest
import pytest_asyncio
from osmium.osm.mutable import Node, Way

from services.routing.travel.cache import CachedTravel
from services.routing.travel.fallback import FallbackTravel
from services.routing.travel.graph import build_graph, osrm_home
from services.routing.travel.graphs import Graph
from services.routing.travel.osrm import OsrmTravel
from services.routing.travel.osrm_engine import OsrmEngine
from services.routing.travel.port import Point, TravelMatrix, TravelTimes
from services.routing.travel.remote import RemoteOsrm
from services.routing.travel.straight_line import StraightLine
from shared.events.ids import AreaId

SOUTH, WEST = 40.0, -83.0
BLOCK_LAT, BLOCK_LON = 0.002, 0.0026
"""A block is 222.4 m north and 221.5 m east."""
STREETS = 6
ONE_WAY_ROW = 0
"""The southernmost street leads east only."""


@dataclass(frozen=True)
class Town:
    """The town's places by hand."""

    extract: Path
    graph: Graph
    island: ClassVar = Point(40.05, -83.0)
    abroad: ClassVar = Point(40.5, -83.0)

    def corner(self, row: int, column: int) -> Point:
        """Return a crossing, counted from the south-west."""
        return Point(SOUTH + row * BLOCK_LAT, WEST + column * BLOCK_LON)

    @property
    def corners(self) -> list[Point]:
        """All of them."""
        return [self.corner(row, column) for row in range(STREETS) for column in range(STREETS)]


@dataclass
class CountingSource(TravelTimes):
    """A source that guesses like the straight line, and remembers how many pairs it was asked for each time."""

    asked: list[int] = field(default_factory=list)

    @override
    async def matrix(
        self, area_id: AreaId, origins: Sequence[Point], destinations: Sequence[Point] | None = None
    ) -> TravelMatrix:
        answer = StraightLine().estimate(origins, origins if destinations is None else destinations)
        self.asked.append(answer.seconds.size)
        await asyncio.sleep(0)
        return answer

    @override
    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        return None


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("town")
    extract = folder / "town.osm.pbf"
    with osmium.SimpleWriter(str(extract)) as writer:
        for row in range(STREETS):
            for column in range(STREETS):
                where = (WEST + column * BLOCK_LON, SOUTH + row * BLOCK_LAT)
                writer.add_node(Node(id=1 + row * STREETS + column, location=where))
        writer.add_node(Node(id=101, location=(-83.0, 40.05)))
        writer.add_node(Node(id=102, location=(-82.99, 40.05)))
        for number in range(STREETS):
            along = [1 + number * STREETS + step for step in range(STREETS)]
            across = [1 + step * STREETS + number for step in range(STREETS)]
            oneway = {"oneway": "yes"} if number == ONE_WAY_ROW else {}
            writer.add_way(Way(id=1 + number, nodes=along, tags={"highway": "residential", **oneway}))
            writer.add_way(Way(id=51 + number, nodes=across, tags={"highway": "residential"}))
        writer.add_way(Way(id=99, nodes=[101, 102], tags={"highway": "residential"}))
    build_graph(extract, folder / "graph", lambda *_: None)
    return Town(extract, Graph(base=str(folder / "graph" / "area.osrm"), version="1"))


@pytest.fixture
async def engine() -> AsyncIterator[OsrmEngine]:
    engine = OsrmEngine()
    yield engine
    await engine.stop()


@pytest.fixture(scope="session")
def server(town: Town) -> Iterator[str]:
    """A real OSRM server over the town, the one of the wheel; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(osrm_home() / "bin" / "osrm-routed"), "--algorithm", "MLD", "--ip", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - the wheel's own tool
        [*command, "--verbosity", "INFO", town.graph.base], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "running and waiting" in line:
            break
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.stdout.close()
    process.wait()


@pytest.fixture
def counting() -> CountingSource:
    return CountingSource()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lasting_engine() -> AsyncIterator[OsrmEngine]:
    """One process for all tests of a module."""
    engine = OsrmEngine()
    yield engine
    await engine.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def make_travel(
    town: Town, lasting_engine: OsrmEngine, request: pytest.FixtureRequest
) -> AsyncIterator[Callable[[str], TravelTimes]]:
    """Return any adapter of the port by its name, over the town."""
    async with contextlib.AsyncExitStack() as stack:
        clients = httpx.AsyncClient()
        await stack.enter_async_context(clients)

        def make(name: str) -> TravelTimes:
            local = OsrmTravel(lasting_engine, lambda _: town.graph, StraightLine())
            if name == "remote":
                clients.base_url = httpx.URL(request.getfixturevalue("server"))
                return RemoteOsrm(clients, StraightLine(), most_coordinates=20)
            adapters: dict[str, TravelTimes] = {
                "osrm": local,
                "cached": CachedTravel(local, lambda _: "1"),
                "fallback": FallbackTravel(local, StraightLine()),
                "straight": StraightLine(),
            }
            return adapters[name]

        yield make
