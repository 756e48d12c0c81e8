"""Reading addresses, named streets and place names out of an OpenStreetMap extract."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import osmium
from osmium.filter import KeyFilter
from osmium.osm import NODE, WAY, Node, TagList, Way

from shared.errors import RoundsError

type Progress = Callable[[str, float], None]
"""Called with the name of the step and how much of it is done, 0 to 1."""

_CITIES = frozenset({"city", "town", "village", "hamlet", "municipality"})
_DISTRICTS = frozenset({"suburb", "borough", "neighbourhood", "quarter", "locality"})
_BYTES_PER_TAGGED_OBJECT = 60
"""Of a .osm.pbf file, seen on five extracts: 40 to 90. Progress needs no more than a guess."""
_REPORT_EVERY = 5_000


class ExtractError(RoundsError):
    """The extract cannot become an address index; the message says why and what to do."""


class FoundAddress(NamedTuple):
    """An object with an address, as tagged; "" where a tag is missing."""

    number: str
    street: str
    unit: str
    city: str
    postcode: str
    state: str
    lat: float
    lon: float


class FoundStreet(NamedTuple):
    """A way of the road network with a name, and the (lat, lon) of its nodes in order."""

    name: str
    points: tuple[tuple[float, float], ...]


class FoundPlace(NamedTuple):
    """A named settlement or part of one."""

    name: str
    is_city: bool
    lat: float
    lon: float


@dataclass(slots=True)
class Extract:
    """All that an address index takes from an extract."""

    addresses: list[FoundAddress] = field(default_factory=list)
    streets: list[FoundStreet] = field(default_factory=list)
    places: list[FoundPlace] = field(default_factory=list)


def read_extract(path: Path, progress: Progress) -> Extract:
    """Read an extract in any format osmium knows (``.osm.pbf``, ``.osm``, ``.osm.bz2``, ``.o5m``).

    Ways whose nodes are partly missing (cut at the edge of the extract) are read with the nodes that are there.

    Raises:
        ExtractError: the file is missing, malformed or empty, or has no addresses.
    """
    if not path.is_file():
        message = f"{path} does not exist. Name an OpenStreetMap extract (.osm.pbf), such as one from Geofabrik."
        raise ExtractError(message)
    found = Extract()
    expected = max(1, path.stat().st_size // _BYTES_PER_TAGGED_OBJECT)
    try:
        _read_objects(path, found, lambda read: progress("reading the extract", min(0.99, read / expected)))
    except (RuntimeError, ValueError, OSError) as error:
        message = (
            f"{path} could not be read as an OpenStreetMap extract ({error}). "
            "Download it again, and keep the ending that tells its format (.osm.pbf)."
        )
        raise ExtractError(message) from error
    progress("reading the extract", 1.0)
    _refuse_useless(path, found)
    return found


def _refuse_useless(path: Path, found: Extract) -> None:
    if found.addresses:
        return
    if not found.streets:
        message = f"{path} is empty: it has neither addresses nor streets. Download it again, or name another extract."
    else:
        message = (
            f"{path} has {len(found.streets)} named ways but not one address (addr:housenumber with addr:street). "
            "Choose an extract with addresses, or configure a remote geocoder for this area."
        )
    raise ExtractError(message)


def _read_objects(path: Path, found: Extract, read_so_far: Callable[[int], None]) -> None:
    keys = KeyFilter("addr:housenumber", "highway", "place")
    objects = osmium.FileProcessor(str(path), NODE | WAY).with_locations().with_filter(keys)
    for count, thing in enumerate(objects):
        if count % _REPORT_EVERY == 0:
            read_so_far(count)
        if isinstance(thing, Node | Way) and (points := _points(thing)):
            _take(thing.tags, points, found, is_way=isinstance(thing, Way))


def _points(thing: Node | Way) -> tuple[tuple[float, float], ...]:
    locations = [thing.location] if isinstance(thing, Node) else [node.location for node in thing.nodes]
    return tuple((location.lat, location.lon) for location in locations if location.valid())


def _take(tags: TagList, points: tuple[tuple[float, float], ...], found: Extract, *, is_way: bool) -> None:
    street = tags.get("addr:street") or tags.get("addr:place")
    if street and "addr:housenumber" in tags:
        found.addresses.append(_address(tags, street, *_centre(points)))
    name = tags.get("name")
    if not name:
        return
    if is_way and "highway" in tags:
        found.streets.append(FoundStreet(name, points))
    kind = tags.get("place")
    if kind in _CITIES or kind in _DISTRICTS:
        found.places.append(FoundPlace(name, kind in _CITIES, *_centre(points)))


def _address(tags: TagList, street: str, lat: float, lon: float) -> FoundAddress:
    return FoundAddress(
        number=tags["addr:housenumber"],
        street=street,
        unit=tags.get("addr:unit") or "",
        city=tags.get("addr:city") or "",
        postcode=tags.get("addr:postcode") or "",
        state=tags.get("addr:state") or tags.get("addr:province") or "",
        lat=lat,
        lon=lon,
    )


def _centre(points: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Return the mean of points, the closing node of a ring counted once."""
    ring = points[:-1] if len(points) > 1 and points[0] == points[-1] else points
    return sum(lat for lat, _ in ring) / len(ring), sum(lon for _, lon in ring) / len(ring)
