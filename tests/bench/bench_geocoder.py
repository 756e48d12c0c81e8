"""Accuracy and speed of the address index on real extracts.

    python -m tests.bench.bench_geocoder

Needs the extracts in ``../shared/maps`` beside the project.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter

from services.geocoding.domain.address import AddressQuery, Status
from services.geocoding.domain.geometry import metres_between
from services.geocoding.index.build import build_address_index
from services.geocoding.index.extract import FoundAddress, read_extract
from services.geocoding.providers.local import AddressIndex
from tests.bench.finding import Finding, show
from tests.bench.noise import abbreviated, with_typo, with_unit, without_suffix

MAPS = Path(__file__).parents[3] / "shared" / "maps"
CITIES = {
    "vancouver": MAPS / "vancouver-bc.osm.pbf",
    "queens": MAPS / "queens-village-ny.osm.pbf",
    "san francisco": MAPS / "san-francisco-downtown.osm.pbf",
}
NEAR_METRES = 150.0
SEED = 20_240_517


@dataclass(frozen=True, slots=True)
class City:
    """A real city: its index and its addresses as mapped."""

    index: AddressIndex
    addresses: list[FoundAddress]


type Writer = Callable[[FoundAddress, Random], str]


def as_written(address: FoundAddress, _: Random) -> str:
    """Write an address with all that the map says of it."""
    region = f"{address.state} {address.postcode}".strip()
    return ", ".join(part for part in (f"{address.number} {address.street}", address.city, region) if part)


def noisy(street: Callable[[str], str], *, city: bool) -> Writer:
    """Write an address with a unit, a typo in its street, no ZIP, and perhaps its city."""

    def write(address: FoundAddress, random: Random) -> str:
        line = with_unit(address.number, with_typo(street(address.street), random), random)
        return f"{line}, {address.city}" if city and address.city else line

    return write


def found_within(city: City, writer: Writer, *, seed: int, count: int = 500) -> tuple[float, float, float]:
    """Return the shares of sampled addresses that were resolved near, resolved far off, and left to a person."""
    random = Random(seed)  # noqa: S311 - a sample, not a secret
    sample = [random.choice(city.addresses) for _ in range(count)]
    near = far = 0
    for address in sample:
        place = city.index.locate(AddressQuery(writer(address, random))).place
        if place is None:
            continue
        if metres_between(place.lat, place.lon, address.lat, address.lon) <= NEAR_METRES:
            near += 1
        else:
            far += 1
    return near / count, far / count, (count - near - far) / count


def accepted_elsewhere(cities: dict[str, City], count: int = 1000) -> int:
    """Return how many addresses of one city, as written, the index of another takes for its own."""
    random = Random(SEED)  # noqa: S311 - a sample, not a secret
    pairs = [(home, other) for home in cities for other in cities if home != other]
    accepted = 0
    for turn in range(count):
        home, other = pairs[turn % len(pairs)]
        line = as_written(random.choice(cities[home].addresses), random)
        accepted += cities[other].index.locate(AddressQuery(line)).status is Status.RESOLVED
    return accepted


def per_second(city: City, lines: Iterable[str]) -> float:
    """Return how many queries a second one process answers."""
    queries = [AddressQuery(line) for line in lines]
    start = perf_counter()
    city.index.locate_many(queries)
    return len(queries) / (perf_counter() - start)


def _rate(what: str, city: City, writer: Writer, least: int) -> Finding:
    random = Random(SEED)  # noqa: S311 - a sample, not a secret
    rate = per_second(city, (writer(random.choice(city.addresses), random) for _ in range(2000)))
    return Finding(what, f"{rate:,.0f}/s", f"≥ {least:,}/s", rate >= least)


def _accuracy(what: str, city: City, writer: Writer, least: float | None) -> Finding:
    runs = [found_within(city, writer, seed=SEED + run) for run in range(4)]
    near, far, review = (sum(values) / len(runs) for values in zip(*runs, strict=True))
    worst = min(run[0] for run in runs)
    return Finding(
        what,
        f"{near:.1%} (worst run {worst:.1%}; wrong {far:.1%}, to review {review:.1%})",
        f"≥ {least:.0%}" if least else "",
        worst >= least if least else None,
    )


def measure(cities: dict[str, City]) -> list[Finding]:
    """Return every figure, with its target where the requirements name one."""
    vancouver, queens, san_francisco = cities["vancouver"], cities["queens"], cities["san francisco"]
    noise, bare = noisy(abbreviated, city=True), noisy(lambda name: abbreviated(without_suffix(name)), city=True)
    nowhere = noisy(abbreviated, city=False)
    accepted = accepted_elsewhere(cities)
    return [
        _accuracy("vancouver, as written", vancouver, as_written, None),
        _accuracy("vancouver, unit + abbreviation + typo, no ZIP", vancouver, noise, 0.98),
        _accuracy("vancouver, the same and no city", vancouver, nowhere, 0.98),
        _accuracy("vancouver, the same, suffix missing", vancouver, bare, 0.93),
        _accuracy("san francisco, unit + abbreviation + typo, no ZIP", san_francisco, noise, None),
        _accuracy("queens, unit + abbreviation + typo, no ZIP", queens, noise, None),
        Finding("addresses of one city accepted by another, of 1,000", str(accepted), "0", accepted == 0),
        _rate("vancouver, exact", vancouver, as_written, 2000),
        _rate("vancouver, with typos", vancouver, noise, 300),
        _rate("queens, exact", queens, as_written, 2000),
        _rate("queens, with typos", queens, noise, 300),
    ]


def main() -> Sequence[Finding]:
    """Build the indexes, measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        cities = {}
        for name, extract in CITIES.items():
            target = Path(folder) / f"{name}.sqlite"
            build_address_index(extract, target, lambda _step, _share: None)
            found = read_extract(extract, lambda _step, _share: None)
            cities[name] = City(AddressIndex.open(target), found.addresses)
        findings = measure(cities)
    show("The address index", findings)
    return findings


if __name__ == "__main__":
    main()
