import shutil
from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node, Way

from services.sample.addresses import Address, addresses_of, base_of
from shared.errors import ConfigurationError

QUEENS = Path(__file__).parents[3] / "shared" / "maps" / "queens-village-ny.osm.pbf"


def extract(target: Path, *tags: dict[str, str]) -> Path:
    """Write nodes with these tags, one a thousandth of a degree north of the other."""
    with osmium.SimpleWriter(str(target)) as writer:
        for number, node in enumerate(tags):
            writer.add_node(Node(id=number + 1, location=(-73.74, 40.7 + number / 1000), tags=node))
    return target


def house(**tags: str) -> dict[str, str]:
    return {"addr:housenumber": "12", "addr:street": "Elm Street"} | {f"addr:{key}": tags[key] for key in tags}


def test_all_parts_of_an_address_are_read(tmp_path: Path) -> None:
    path = extract(tmp_path / "x.osm.pbf", house(unit="3B", city="Troy", state="NY", postcode="12180"))
    assert addresses_of(path) == [Address("12", "Elm Street", "3B", "Troy", "NY", "12180", 40.7, -73.74)]


def test_city_and_state_come_from_the_zip_code(tmp_path: Path) -> None:
    (found,) = addresses_of(extract(tmp_path / "x.osm.pbf", house(postcode="11428")))
    assert (found.city, found.state) == ("Queens Village", "NY")


def test_city_and_state_of_a_bare_address_are_those_of_its_neighbours(tmp_path: Path) -> None:
    path = extract(tmp_path / "x.osm.pbf", house(), house(city="Troy", state="NY"), house(city="Troy"))
    assert {(a.city, a.state) for a in addresses_of(path)} == {("Troy", "NY")}


def test_the_given_city_is_for_extracts_without_any(tmp_path: Path) -> None:
    path = extract(tmp_path / "x.osm.pbf", house())
    assert [a.city for a in addresses_of(path, city="Troy")] == ["Troy"]


def test_numbers_that_are_no_single_house_are_left_out(tmp_path: Path) -> None:
    numbers = ("12", "12B", "219-21", "12;14", "2825-2855", "rear")
    path = extract(tmp_path / "x.osm.pbf", *(house() | {"addr:housenumber": number} for number in numbers))
    assert [a.number for a in addresses_of(path)] == ["12", "12B", "219-21"]


def test_an_outline_counts_at_its_middle(tmp_path: Path) -> None:
    path = tmp_path / "x.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for number, place in enumerate([(-73.0, 40.0), (-73.0, 40.2), (-73.2, 40.1)], start=1):
            writer.add_node(Node(id=number, location=place))
        writer.add_way(Way(id=1, nodes=[1, 2, 3, 99], tags=house()))
    (found,) = addresses_of(path)
    assert (found.lat, found.lon) == pytest.approx((40.1, -73.0666667))


def test_an_extract_without_addresses_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = extract(tmp_path / "x.osm.pbf", {"highway": "stop"})
    with pytest.raises(ConfigurationError, match=r"holds no addresses.*Choose an extract that does"):
        addresses_of(path)


def test_a_cut_off_extract_is_refused_with_a_sentence(city: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.osm.pbf"
    shutil.copy(city, broken)
    with broken.open("r+b") as file:
        file.truncate(100_000)
    with pytest.raises(ConfigurationError, match="cannot be read as an OpenStreetMap extract"):
        addresses_of(broken)


def test_an_extract_without_a_base_has_none(tmp_path: Path) -> None:
    assert base_of(extract(tmp_path / "x.osm.pbf", house())) is None


@pytest.mark.maps
@pytest.mark.skipif(not QUEENS.exists(), reason="the real extracts are not beside the project")
def test_a_real_city_has_its_cities_from_zip_codes_and_no_strays() -> None:
    found = addresses_of(QUEENS)
    assert len(found) > 30_000
    assert {a.state for a in found} == {"NY"}
    assert {"Queens Village", "Hollis", "Bellerose"} <= {a.city for a in found}
