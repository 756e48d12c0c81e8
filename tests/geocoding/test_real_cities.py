"""The index on real extracts: less than tests/bench/bench_geocoder.py measures, enough to see a step back."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from services.geocoding.domain.address import AddressQuery, Status
from services.geocoding.index.build import build_address_index
from services.geocoding.index.extract import read_extract
from services.geocoding.providers.local import AddressIndex
from tests.bench.bench_geocoder import City, as_written, found_within, noisy
from tests.bench.noise import abbreviated, without_suffix

pytestmark = pytest.mark.maps


@pytest.fixture(scope="module")
def cities(maps: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, City]]:
    folder = tmp_path_factory.mktemp("cities")
    built = {}
    for name in ("vancouver-bc", "san-francisco-downtown", "columbus-oh.sorted"):
        extract, target = maps / f"{name}.osm.pbf", folder / f"{name}.sqlite"
        build_address_index(extract, target, lambda _step, _share: None)
        found = read_extract(extract, lambda _step, _share: None)
        built[name] = City(AddressIndex.open(target), found.addresses)
    yield built
    for city in built.values():
        city.index.close()


def test_noisy_addresses_are_found_near_and_hardly_one_far_off(cities: dict[str, City]) -> None:
    near, far, _ = found_within(cities["vancouver-bc"], noisy(abbreviated, city=True), seed=1)

    assert near >= 0.98
    assert far <= 0.004


def test_without_the_type_of_street_most_are_still_found(cities: dict[str, City]) -> None:
    bare = noisy(lambda name: abbreviated(without_suffix(name)), city=True)

    near, far, _ = found_within(cities["vancouver-bc"], bare, seed=1)

    assert near >= 0.93
    assert far <= 0.004


def test_no_address_of_one_city_is_taken_by_another(cities: dict[str, City]) -> None:
    random = Random(1)  # noqa: S311 - a sample, not a secret
    taken = [
        (home, other, line)
        for home, city in cities.items()
        for other in cities.keys() - {home}
        for line in (as_written(random.choice(city.addresses), random) for _ in range(100))
        if cities[other].index.locate(AddressQuery(line)).status is Status.RESOLVED
    ]

    assert taken == []


def test_an_address_of_queens_is_found_with_and_without_its_hyphen(maps: Path, tmp_path: Path) -> None:
    build_address_index(maps / "queens-village-ny.osm.pbf", tmp_path / "queens.sqlite", lambda _step, _share: None)
    index = AddressIndex.open(tmp_path / "queens.sqlite")
    lines = (
        "88-25 204th Street, Hollis, NY 11423",
        "88-25 204 St, Hollis NY",
        "8825 204th St Apt 2, 11423",
        "88 25 204th St, Jamaica, NY 11423",
    )

    labels = {place.label if (place := index.locate(AddressQuery(line)).place) else "" for line in lines}
    index.close()

    assert labels == {"88-25 204th Street, Hollis, NY 11423"}
