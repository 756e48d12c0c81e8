"""An area built from a real city, and driven through."""

from pathlib import Path

import numpy as np
import pytest

from services.area import build_area
from services.geocoding.index.extract import read_extract
from services.routing.travel.cache import CachedTravel
from services.routing.travel.graphs import AreaGraphs
from services.routing.travel.osrm import OsrmTravel
from services.routing.travel.osrm_engine import OsrmEngine
from services.routing.travel.port import UNREACHABLE, Point
from services.routing.travel.straight_line import StraightLine, haversine_metres

pytestmark = pytest.mark.maps

MAPS = Path(__file__).parents[3] / "shared" / "maps"
SAN_FRANCISCO = MAPS / "san-francisco-downtown.osm.pbf"


@pytest.mark.skipif(not SAN_FRANCISCO.exists(), reason=f"there is no extract at {SAN_FRANCISCO}")
async def test_every_address_of_an_area_can_be_driven_to_and_from(tmp_path: Path) -> None:
    area = build_area(SAN_FRANCISCO, "san-francisco", "San Francisco", "America/Los_Angeles", tmp_path, lambda *_: None)
    found = read_extract(SAN_FRANCISCO, lambda *_: None).addresses
    places = [Point(address.lat, address.lon) for address in found[::5]]
    engine, graphs = OsrmEngine(), AreaGraphs(tmp_path)
    streets = OsrmTravel(engine, graphs, StraightLine())
    travel = CachedTravel(streets, lambda area_id: graphs(area_id).version)
    table = await travel.matrix(area.id, places)
    way = await travel.geometry(area.id, places[:10])
    await engine.stop()
    assert len(places) > 200
    assert not table.estimated.any()
    reachable = table.seconds != UNREACHABLE
    assert reachable.mean() > 0.99
    # From kerb to kerb a way can be a little shorter than from door to door, never much.
    straight = haversine_metres(places, places)
    assert (table.metres[reachable] > straight[reachable] - 250).all()
    assert 1.2 < np.median(table.metres[reachable & (straight > 300)] / straight[reachable & (straight > 300)]) < 1.6
    assert way is not None
