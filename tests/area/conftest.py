"""A village with all that an area needs: streets, houses with numbers, a park, and a road that leaves the extract."""

from collections.abc import Callable
from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node, Way

LAT, LON = 39.9612, -82.9988
HOUSES = 12

Extract = Callable[..., Path]


@pytest.fixture
def make_extract(tmp_path: Path) -> Extract:
    """Return how to write the village's extract, with or without parts of it."""

    def make(name: str = "village.osm.pbf", *, roads: bool = True, addresses: bool = True) -> Path:
        path = tmp_path / name
        with osmium.SimpleWriter(str(path), overwrite=True) as writer:
            for step in range(6):
                writer.add_node(Node(id=1 + step, location=(LON + step * 0.001, LAT)))
                writer.add_node(Node(id=11 + step, location=(LON + 0.002, LAT - 0.002 + step * 0.001)))
            for corner, (east, north) in enumerate([(0, 0), (1, 0), (1, 1), (0, 1)]):
                writer.add_node(Node(id=21 + corner, location=(LON + east * 0.0008, LAT + 0.0005 + north * 0.0008)))
                writer.add_node(
                    Node(id=31 + corner, location=(LON + 0.003 + east * 0.0001, LAT + 0.0002 + north * 0.0001))
                )
            writer.add_node(Node(id=41, location=(LON, LAT), tags={"place": "village", "name": "Ash Grove"}))
            for number in range(HOUSES if addresses else 0):
                house = {"addr:housenumber": str(101 + number), "addr:street": "Elm Street", "addr:postcode": "43215"}
                writer.add_node(Node(id=51 + number, location=(LON + number * 0.0004, LAT + 0.0001), tags=house))
            if roads:
                elm = {"highway": "residential", "name": "Elm Street"}
                writer.add_way(Way(id=1, nodes=range(1, 7), tags=elm))
                main = {"highway": "primary", "name": "Main Street", "ref": "US 23", "oneway": "-1", "bridge": "yes"}
                writer.add_way(Way(id=2, nodes=[*range(11, 17), 999], tags=main))
                writer.add_way(Way(id=3, nodes=[2, 998, 997], tags={"highway": "service", "name": "Mostly missing"}))
            writer.add_way(Way(id=4, nodes=[21, 22, 23, 24, 21], tags={"leisure": "park", "name": "Ash Park"}))
            building = {"building": "yes"} | (
                {"addr:housenumber": "7", "addr:street": "Elm Street"} if addresses else {}
            )
            writer.add_way(Way(id=5, nodes=[31, 32, 33, 34, 31], tags=building))
        return path

    return make
