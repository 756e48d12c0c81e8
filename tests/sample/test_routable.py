import subprocess
from itertools import permutations
from pathlib import Path

import osrm
import pytest
from osrm.osrm_ext import OSRM, TableParameters

from services.sample.addresses import Address
from tests.sample.conftest import dice

HOME = Path(osrm.__file__).parent


@pytest.fixture(scope="session")
def engine(city: Path) -> OSRM:
    base = city.with_name("city.osrm")
    profile = HOME / "share" / "profiles" / "car.lua"
    for tool, *arguments in (
        ("osrm-extract", "-p", str(profile), str(city)),
        ("osrm-partition", str(base)),
        ("osrm-customize", str(base)),
    ):
        command = [str(HOME / "bin" / tool), "--threads", "1", *arguments]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the wheel's own tools
    return OSRM(algorithm="MLD", storage_config=str(base), use_shared_memory=False)


def test_any_two_addresses_are_a_believable_drive_apart(engine: OSRM, addresses: list[Address]) -> None:
    places = dice(3).sample(addresses, 60)
    answer = engine.Table(TableParameters(coordinates=[(a.lon, a.lat) for a in places], annotations=["duration"]))
    minutes = [answer["durations"][i][j] / 60 for i, j in permutations(range(60), 2)]
    assert max(minutes) < 25
    assert 5 < sum(minutes) / len(minutes) < 12


def test_the_river_costs_a_detour(engine: OSRM, addresses: list[Address]) -> None:
    """Houses on the two banks, far from any bridge: a quarter of a kilometre for a bird, far more for a car."""
    west = min((a for a in addresses if a.street == "River Road"), key=lambda a: abs(a.lat - 40.3149))
    east = min((a for a in addresses if a.street == "Riverside Drive"), key=lambda a: abs(a.lat - west.lat))
    ends = [(a.lon, a.lat) for a in (west, east)]
    answer = engine.Table(TableParameters(coordinates=ends, annotations=["distance"]))
    assert answer["distances"][0][1] > 1_500
