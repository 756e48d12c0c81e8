"""What an index says of its area: the names and postcodes by which the gate knows its own addresses."""

from collections import Counter

from services.geocoding.domain.area import AreaProfile
from services.geocoding.domain.geometry import bounds
from services.geocoding.domain.text import fold
from services.geocoding.index.clean import Address
from services.geocoding.index.extract import Extract
from services.geocoding.index.zips import known_zip, zips_inside

_LEAST_STATE_SHARE = 0.01
"""A state with a smaller share of the addresses is a mistake in the map."""
_LEAST_SHARE = 0.0005
"""Likewise a postcode or a city that next to nobody has."""


def profile_of(rows: list[Address], found: Extract, *, hyphenated: bool) -> AreaProfile:
    """Describe an area from its cleaned addresses, its place names, and the ZIPs whose centre lies among them."""
    houses = bounds((row.lat, row.lon) for row in rows)
    box = bounds(
        [
            *((row.lat, row.lon) for row in rows),
            *(point for street in found.streets for point in street.points),
        ]
    )
    states = _states(rows)
    postcodes = _postcodes(rows).union(*(zips_inside(houses, state) for state in states))
    zips = [known for code in sorted(postcodes) if (known := known_zip(code))]
    cities = _one_spelling(
        _tagged_cities(rows)
        + [place.name for place in found.places if place.is_city]
        + [name for known in zips for name in known.cities]
    )
    districts = _one_spelling(
        [place.name for place in found.places if not place.is_city] + [known.county for known in zips]
    )
    return AreaProfile(
        bbox=box,
        states=states,
        cities=cities,
        districts=tuple(name for name in districts if name not in cities),
        postcodes=tuple(sorted(postcodes)),
        hyphenated=hyphenated,
    )


def _states(rows: list[Address]) -> tuple[str, ...]:
    counted = Counter(row.state for row in rows if row.state)
    return tuple(sorted(code for code, rows_in in counted.items() if rows_in >= _LEAST_STATE_SHARE * counted.total()))


def _postcodes(rows: list[Address]) -> set[str]:
    counted = Counter(row.postcode for row in rows if row.postcode)
    return {code for code, rows_in in counted.items() if rows_in >= _LEAST_SHARE * counted.total()}


def _tagged_cities(rows: list[Address]) -> list[str]:
    tagged = [row.city for row in rows if row.city and not row.guessed_city]
    counted = Counter(fold(city) for city in tagged)
    return [city for city in tagged if counted[fold(city)] >= _LEAST_SHARE * len(rows)]


def _one_spelling(names: list[str]) -> tuple[str, ...]:
    """Return the names sorted, each in its most frequent spelling."""
    spellings: dict[str, Counter[str]] = {}
    for name in names:
        if folded := fold(name):
            spellings.setdefault(folded, Counter())[name] += 1
    return tuple(sorted(counted.most_common(1)[0][0] for counted in spellings.values()))
