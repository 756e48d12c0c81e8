import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import osmium
import pytest

from services.sample.addresses import Address, base_of, labs_of
from services.sample.city import write_city
from services.sample.layout.geometry import Segment, inside, nearest_on
from services.sample.layout.skeleton import skeleton
from services.sample.osm.drawing import Drawing
from tests.sample.conftest import SEED, Road, dice

METRES_NORTH = 111_195.0
METRES_EAST = METRES_NORTH * math.cos(math.radians(40.3))


def test_the_same_seed_gives_the_same_bytes(city: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.osm.pbf"
    write_city(again, SEED)
    assert again.read_bytes() == city.read_bytes()


def test_another_seed_bends_the_river_and_the_freeway_elsewhere() -> None:
    one, other = skeleton(dice(1)), skeleton(dice(2))
    assert max(abs(one.river_x(y) - other.river_x(y)) for y in range(0, 6000, 500)) > 50
    assert max(abs(one.freeway_y(x) - other.freeway_y(x)) for x in range(0, 8000, 500)) > 50


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    drawing = Drawing()
    drawing.node((-82.6, 40.3))
    with pytest.raises(FileNotFoundError):
        drawing.write(tmp_path / "nowhere" / "city.osm.pbf")


def test_the_city_is_about_eight_by_six_kilometres(addresses: list[Address]) -> None:
    wide = (max(a.lon for a in addresses) - min(a.lon for a in addresses)) * METRES_EAST
    high = (max(a.lat for a in addresses) - min(a.lat for a in addresses)) * METRES_NORTH
    assert 7_000 < wide < 8_400
    assert 5_000 < high < 6_400


def test_there_are_many_addresses_and_each_is_complete_and_there_once(addresses: list[Address]) -> None:
    assert len(addresses) > 10_000
    assert all(a.number.isdigit() and a.street and a.postcode for a in addresses)
    assert {(a.city, a.state) for a in addresses} == {("Harlan Mills", "OH")}
    assert Counter(a.postcode for a in addresses).keys() == {"43087", "43088", "43089", "43090"}
    assert max(Counter((a.number, a.street, a.unit) for a in addresses).values()) == 1
    assert sum(bool(a.unit) for a in addresses) > 500


def test_odd_and_even_numbers_face_each_other(addresses: list[Address]) -> None:
    odd = sum(int(a.number) % 2 for a in addresses)
    assert 0.4 < odd / len(addresses) < 0.6


def test_a_house_stands_at_the_street_it_is_named_after(addresses: list[Address], roads: list[Road]) -> None:
    segments: dict[str | None, list[Segment]] = defaultdict(list)
    for road in roads:
        flat = [(lon * METRES_EAST, lat * METRES_NORTH) for lon, lat in road.places]
        segments[road.tags.get("name")] += list(pairwise(flat))
    for house in addresses[::40]:
        place = house.lon * METRES_EAST, house.lat * METRES_NORTH
        assert min(math.dist(nearest_on(segment, place), place) for segment in segments[house.street]) < 60


def test_numbers_rise_along_a_street(addresses: list[Address]) -> None:
    street = sorted((int(a.number), a.lon) for a in addresses if a.street == "East State Street" and not a.unit)
    assert len(street) > 50
    assert [lon for _, lon in street] == pytest.approx(sorted(lon for _, lon in street), abs=0.0006)  # half a block


def test_streets_of_all_classes_one_ways_bridges_and_signals_are_there(city: Path, roads: list[Road]) -> None:
    classes = {"motorway", "motorway_link", "primary", "secondary", "tertiary", "residential", "service"}
    assert {road.tags["highway"] for road in roads} == classes
    assert sum(road.tags.get("oneway") == "yes" for road in roads if road.tags["highway"] == "residential") >= 4
    names = {road.tags.get("name") for road in roads}
    assert {"West State Street", "East 9th Street", "North 14th Street", "Old Mill Road", "Grant Avenue"} <= names
    nodes = osmium.FileProcessor(city, osmium.osm.NODE).with_filter(osmium.filter.KeyFilter("highway"))
    kinds = Counter(node.tags["highway"] for node in nodes)
    assert kinds["traffic_signals"] >= 15
    assert kinds["turning_circle"] >= 200


def test_every_junction_can_be_driven_to_from_every_other(roads: list[Road]) -> None:
    links = [link for road in roads for link in _links(road)]
    everywhere = {node for road in roads for node in road.nodes}
    start = roads[0].nodes[0]
    assert _reached(start, links) == everywhere
    assert _reached(start, [(b, a) for a, b in links]) == everywhere


def test_only_ramps_join_the_freeway(roads: list[Road]) -> None:
    freeway = {node for road in roads if road.tags["highway"] == "motorway" for node in road.nodes}
    touching = {road.tags["highway"] for road in roads if freeway & set(road.nodes)}
    assert touching == {"motorway", "motorway_link"}
    assert sum(road.tags["highway"] == "motorway_link" for road in roads) == 12


def test_the_river_is_crossed_by_few_bridges_and_nothing_else(city: Path, roads: list[Road]) -> None:
    water = osmium.FileProcessor(city).with_locations().with_filter(osmium.filter.TagFilter(("water", "river")))
    river = next([(n.lon, n.lat) for n in way.nodes] for way in water if isinstance(way, osmium.osm.Way))
    west, east = min(lon for lon, _ in river), max(lon for lon, _ in river)
    near = [road for road in roads if any(west < lon < east for lon, _ in road.places)]
    crossing = [road for road in near if any(inside(place, river) for place in _between(road))]
    assert all(road.tags.get("bridge") == "yes" for road in crossing)
    assert {road.tags["name"].split(" ", 1)[1] for road in crossing} == {
        "State Street",
        "Market Street",
        "Northgate Road",
        "Expressway",
    }


def test_two_laboratories_and_a_base_are_named_and_have_addresses(city: Path) -> None:
    base = base_of(city)
    assert [lab.name for lab in labs_of(city)] == ["Northgate Diagnostics", "Harlan Mills Medical Laboratory"]
    assert base is not None
    assert base.name == "Harlan Mills Mobile Nursing Base"


def _links(road: Road) -> Iterable[tuple[int, int]]:
    forward = list(pairwise(road.nodes))
    return forward if road.tags.get("oneway") == "yes" else forward + [(b, a) for a, b in forward]


def _reached(start: int, links: Iterable[tuple[int, int]]) -> set[int]:
    following = defaultdict(list)
    for a, b in links:
        following[a].append(b)
    seen, waiting = {start}, [start]
    while waiting:
        fresh = set(following[waiting.pop()]) - seen
        seen |= fresh
        waiting += fresh
    return seen


def _between(road: Road) -> list[tuple[float, float]]:
    """Ten places on each of the road's segments."""
    return [
        (a[0] + (b[0] - a[0]) * k / 10, a[1] + (b[1] - a[1]) * k / 10)
        for a, b in pairwise(road.places)
        for k in range(10)
    ]
