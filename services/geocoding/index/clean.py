"""From what mappers tagged to rows that can be searched: one spelling, lists apart, gaps filled."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from services.geocoding.domain.geometry import Cell, around, cell_of, metres_between
from services.geocoding.domain.house_number import HouseNumber, signed_numbers
from services.geocoding.domain.regions import is_canadian, postcode, province_of, state_code
from services.geocoding.domain.text import fold
from services.geocoding.domain.unit import take_units
from services.geocoding.index.extract import FoundAddress
from services.geocoding.index.zips import known_zip

_HYPHENATED_SHARE = 0.3
_NEIGHBOURHOOD = 0.01
"""Degrees, about 1 km: as far as a city may be taken from a neighbour."""
_SAME_ZIP_METRES = 400.0
_SAME_BUILDING_METRES = 60.0
_IN_ONE_NAME = re.compile(r"[;,|]")


@dataclass(frozen=True, slots=True)
class Address:
    """One house number of one street, cleaned.

    Attributes:
        street: the street's name as tagged.
        guessed_city: whether the city was taken from the postcode or from neighbours.
        guessed_postcode: whether the postcode was taken from neighbours.
    """

    number: HouseNumber
    street: str
    unit: str
    city: str
    postcode: str
    state: str
    lat: float
    lon: float
    guessed_city: bool = False
    guessed_postcode: bool = False


def writes_hyphens(found: Iterable[FoundAddress]) -> bool:
    """Tell whether an area's house numbers are written with a hyphen, as in Queens."""
    numbers = [address.number for address in found]
    return sum("-" in number for number in numbers) > _HYPHENATED_SHARE * len(numbers)


def clean(found: Iterable[FoundAddress], *, hyphenated: bool) -> list[Address]:
    """Return the addresses with one row a house number; those whose number cannot be read are left out."""
    rows: list[Address] = []
    for address in found:
        in_street, street = take_units(address.street)
        code = postcode(address.postcode) or ""
        row_state = state_code(address.state) or _state_of(code) or ""
        city = _IN_ONE_NAME.split(address.city)[0].strip()
        unit = fold(address.unit) or in_street
        rows.extend(
            Address(number, street.strip(" ,"), unit, city, code, row_state, address.lat, address.lon)
            for number in signed_numbers(address.number, hyphenated=hyphenated)
            if fold(street)
        )
    return rows


def without_repeats(rows: Iterable[Address], key: Callable[[Address], object]) -> list[Address]:
    """Return rows without those that repeat an address at the same building (a shop's node in a tagged outline)."""
    kept: dict[object, list[Address]] = defaultdict(list)
    for row in rows:
        same = kept[key(row), row.number.key, row.unit]
        if all(metres_between(row.lat, row.lon, other.lat, other.lon) > _SAME_BUILDING_METRES for other in same):
            same.append(row)
    return [row for group in kept.values() for row in group]


def fill_postcodes(rows: list[Address], key: Callable[[Address], object]) -> list[Address]:
    """Give addresses without a postcode the ZIP of the next house on their street, when it is near.

    A Canadian postcode is one side of one block, too small to be guessed.
    """
    known: dict[object, list[Address]] = defaultdict(list)
    for row in rows:
        if row.postcode and not is_canadian(row.postcode):
            known[key(row)].append(row)
    return [row if row.postcode else _with_neighbours_zip(row, known.get(key(row), [])) for row in rows]


def _with_neighbours_zip(row: Address, neighbours: list[Address]) -> Address:
    def distance(other: Address) -> float:
        return metres_between(row.lat, row.lon, other.lat, other.lon)

    nearest = min(neighbours, key=distance, default=None)
    if nearest is None or distance(nearest) > _SAME_ZIP_METRES:
        return row
    return replace(row, postcode=nearest.postcode, state=row.state or nearest.state, guessed_postcode=True)


def fill_cities(rows: list[Address]) -> list[Address]:
    """Give addresses without a city that of their ZIP, or else the one most of their neighbours have."""
    near: dict[Cell, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.city:
            near[cell_of(row.lat, row.lon, _NEIGHBOURHOOD)][row.city] += 1
    return [row if row.city else _with_city(row, near) for row in rows]


def _with_city(row: Address, near: dict[Cell, Counter[str]]) -> Address:
    if known := known_zip(row.postcode):
        return replace(row, city=known.city, guessed_city=True)
    votes: Counter[str] = Counter()
    for cell in around(cell_of(row.lat, row.lon, _NEIGHBOURHOOD)):
        votes.update(near.get(cell, {}))
    return replace(row, city=votes.most_common(1)[0][0], guessed_city=True) if votes else row


def _state_of(code: str) -> str | None:
    if known := known_zip(code):
        return known.state
    return province_of(code) if code and is_canadian(code) else None
