"""The addresses of any OpenStreetMap extract, and the labs and the base among its places."""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import osmium
import zipcodes

from shared.errors import ConfigurationError

_FAR = 0.35  # degrees from the middle of all addresses: further away is the far end of something that only crosses
_ONE_HOUSE = re.compile(r"\d+ ?[A-Za-z]?|\d+-\d{2}[A-Za-z]?")  # 12, 12B, 219-21 in Queens; not 12;14 or 2825-2855
_CODE = 2  # letters of a state's code


@dataclass(frozen=True)
class Address:
    """A mapped address: its parts as text (empty where unknown) and its place in WGS84 degrees."""

    number: str
    street: str
    unit: str
    city: str
    state: str
    postcode: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Landmark:
    """A named place, WGS84 degrees."""

    name: str
    lat: float
    lon: float


def addresses_of(extract: Path, city: str = "") -> list[Address]:
    """Read the addresses of `extract`, in its order.

    Where an address lacks its city or state, they come from its ZIP code, else from most other addresses; `city` is
    for an extract in which no address has one.

    Raises:
        ConfigurationError: the extract cannot be read, or holds no addresses.
    """
    known = [
        address for tags, lat, lon in _tagged(extract, "addr:housenumber") if (address := _address(tags, lat, lon))
    ]
    if not known:
        message = f"{extract} holds no addresses (addr:housenumber with addr:street). Choose an extract that does."
        raise ConfigurationError(message)
    middle = statistics.median(a.lat for a in known), statistics.median(a.lon for a in known)
    near = [a for a in known if abs(a.lat - middle[0]) < _FAR and abs(a.lon - middle[1]) < _FAR]
    usual_city, usual_state = _most_common(a.city for a in near) or city, _most_common(a.state for a in near)
    return [replace(a, city=a.city or usual_city, state=a.state or usual_state) for a in near]


def base_of(extract: Path) -> Landmark | None:
    """The nurses' base: the first place tagged healthcare=nurse, None where there is none."""
    return next(iter(_places(extract, "nurse")), None)


def labs_of(extract: Path) -> list[Landmark]:
    """The places tagged healthcare=laboratory."""
    return _places(extract, "laboratory")


def _places(extract: Path, healthcare: str) -> list[Landmark]:
    found = _tagged(extract, "healthcare")
    return [Landmark(t.get("name", healthcare), *at) for t, *at in found if t["healthcare"] == healthcare]


def _tagged(extract: Path, key: str) -> Iterator[tuple[dict[str, str], float, float]]:
    """Tags and middle of the nodes and ways with that key."""
    try:
        for thing in osmium.FileProcessor(extract).with_locations().with_filter(osmium.filter.KeyFilter(key)):
            if place := _middle(thing):
                yield {tag.k: tag.v for tag in thing.tags}, *place
    except RuntimeError as error:
        message = f"{extract} cannot be read as an OpenStreetMap extract ({error}). Check that it is a whole .osm.pbf."
        raise ConfigurationError(message) from error


def _middle(thing: object) -> tuple[float, float] | None:
    """Latitude and longitude; None for relations and for ways of which the extract has no node."""
    if isinstance(thing, osmium.osm.Node):
        return thing.lat, thing.lon
    if not isinstance(thing, osmium.osm.Way):
        return None
    corners = [(node.lat, node.lon) for node in thing.nodes if node.location.valid()]
    if not corners:
        return None
    return statistics.fmean(lat for lat, _ in corners), statistics.fmean(lon for _, lon in corners)


def _address(tags: dict[str, str], lat: float, lon: float) -> Address | None:
    number, street = tags["addr:housenumber"].strip(), tags.get("addr:street", "").strip()
    if not street or not _ONE_HOUSE.fullmatch(number):
        return None
    postcode = tags.get("addr:postcode", "").strip()
    city, state = _by_zip(postcode)
    tagged = tags.get("addr:state") or tags.get("addr:province") or ""
    return Address(
        number,
        street,
        tags.get("addr:unit", ""),
        tags.get("addr:city", "") or city,
        tagged if len(tagged) == _CODE and tagged.isupper() else state,
        postcode,
        round(lat, 7),
        round(lon, 7),
    )


def _by_zip(postcode: str) -> tuple[str, str]:
    """City and state of a ZIP code, empty where it is none."""
    digits = postcode[:5]
    if not (len(digits) == 5 and digits.isdigit()):  # noqa: PLR2004 - a ZIP code has five digits
        return "", ""
    if digits not in _ZIPS:
        matching = zipcodes.matching(digits)
        _ZIPS[digits] = (matching[0]["city"], matching[0]["state"]) if matching else ("", "")
    return _ZIPS[digits]


_ZIPS: dict[str, tuple[str, str]] = {}


def _most_common(values: Iterable[str]) -> str:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else ""
