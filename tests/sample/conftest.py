"""One sample city for all tests of this folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import osmium
import pytest

from services.sample.addresses import Address, addresses_of
from services.sample.city import write_city

SEED = 1


@dataclass(frozen=True)
class Road:
    """A way with a highway tag: its tags, its node ids and their places (longitude, latitude)."""

    tags: dict[str, str]
    nodes: Sequence[int]
    places: Sequence[tuple[float, float]]


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same throws each time


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("city") / "city.osm.pbf"
    write_city(target, SEED)
    return target


@pytest.fixture(scope="session")
def addresses(city: Path) -> list[Address]:
    return addresses_of(city)


@pytest.fixture(scope="session")
def roads(city: Path) -> list[Road]:
    ways = osmium.FileProcessor(city).with_locations().with_filter(osmium.filter.KeyFilter("highway"))
    return [
        Road({tag.k: tag.v for tag in way.tags}, [n.ref for n in way.nodes], [(n.lon, n.lat) for n in way.nodes])
        for way in ways
        if isinstance(way, osmium.osm.Way)
    ]
