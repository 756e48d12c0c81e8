"""Building an address index from an OpenStreetMap extract."""

from dataclasses import dataclass
from pathlib import Path

from services.geocoding.domain.geometry import Bbox
from services.geocoding.index.clean import (
    clean,
    fill_cities,
    fill_postcodes,
    without_repeats,
    writes_hyphens,
)
from services.geocoding.index.extract import ExtractError, Progress, read_extract
from services.geocoding.index.profile import profile_of
from services.geocoding.index.streets import StreetMap, gather_streets
from services.geocoding.index.write import write_index


@dataclass(frozen=True, slots=True)
class IndexSummary:
    """What a build made.

    Attributes:
        addresses: house numbers in the index.
        streets: streets in the index, with and without addresses.
        bbox: west, south, east, north in WGS84 degrees.
        states: two-letter codes.
        cities: names of cities that addresses of the area may be written with.
        postcodes: normalised postcodes.
    """

    addresses: int
    streets: int
    bbox: Bbox
    states: tuple[str, ...]
    cities: tuple[str, ...]
    postcodes: tuple[str, ...]


def build_address_index(extract: Path, target: Path, progress: Progress) -> IndexSummary:
    """Build the address index of an area.

    Args:
        extract: an OpenStreetMap extract (``.osm.pbf`` or another format osmium reads).
        target: the SQLite file to write; replaced, as a whole, when it exists.
        progress: called with the name of the step and how much of it is done, 0 to 1.

    Raises:
        ExtractError: the extract is missing, malformed or empty, or has no addresses.
        OSError: the target cannot be written.
    """
    found = read_extract(extract, progress)
    progress("cleaning the addresses", 0.0)
    hyphenated = writes_hyphens(found.addresses)
    rows = clean(found.addresses, hyphenated=hyphenated)
    if not rows:
        message = f"{extract} has addresses, but not one house number that can be read. Choose another extract."
        raise ExtractError(message)
    street_map = StreetMap(rows, found.streets)
    rows = without_repeats(rows, street_map.of_address)
    rows = fill_cities(fill_postcodes(rows, street_map.of_address))
    progress("cleaning the addresses", 1.0)
    progress("writing the index", 0.0)
    profile = profile_of(rows, found, hyphenated=hyphenated)
    streets = gather_streets(rows, found.streets, street_map)
    write_index(target, profile, streets, rows, street_map.of_address)
    progress("writing the index", 1.0)
    return IndexSummary(len(rows), len(streets), profile.bbox, profile.states, profile.cities, profile.postcodes)
