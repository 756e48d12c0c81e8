"""Taking an address apart, in each way it can sensibly be read."""

import re
from dataclasses import dataclass
from functools import lru_cache

from services.geocoding.domain import vocabulary as words
from services.geocoding.domain.address import AddressQuery, ParsedAddress
from services.geocoding.domain.area import AreaProfile
from services.geocoding.domain.house_number import HouseNumber, signed_numbers
from services.geocoding.domain.locality import Locality, take_locality
from services.geocoding.domain.regions import postcode, state_code
from services.geocoding.domain.street_name import assemble, canonical_words
from services.geocoding.domain.text import fold
from services.geocoding.domain.unit import is_lone_unit, take_units

_BREAKS = re.compile(r"[,;()\n\r\t|]+")
_EDGE = re.compile(r"^[\s\-–.:/]+|[\s\-–.:/]+$")
_HOUSE = re.compile(
    r"(?:no\.?\s*)?(\d+(?:\s*[-–]\s*\d+)?(?:\s*/\s*\d{2,})*(?:[a-z]\b)?(?:[\s-]+\d[/\N{FRACTION SLASH}]\d\b|\s*[½¼¾])?)"
    r"(?!st\b|nd\b|rd\b|th\b)(?=[\s½¼¾]|$)",
    re.IGNORECASE,
)
_TWO_NUMBERS = re.compile(r"([a-z]\d{1,3}|\d{1,4})\s+(\d+)\s+(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A line in parts, before it is decided where the street's name ends."""

    number: HouseNumber | None
    street: tuple[str, ...]
    unit: str
    locality: Locality


def readings(query: AddressQuery, area: AreaProfile) -> tuple[ParsedAddress, ...]:
    """Return the ways to read an address, the likeliest first.

    There is more than one only where no comma tells the street from the city behind it. The area helps to see where
    its own cities begin; that an unknown word is a city is the last reading.
    """
    parts = _parts(query.line, area, believe_state=True)
    found = _readings(parts, query, area)
    if parts.locality.state_doubtful:
        found += _readings(_parts(query.line, area, believe_state=False), query, area)
    return tuple(dict.fromkeys(found))


def _readings(parts: _Parts, query: AddressQuery, area: AreaProfile) -> list[ParsedAddress]:
    locality = _with_fields(parts.locality, query)
    found = []
    for street, unit_behind, place in _street_ends(parts.street, area):
        name = assemble(canonical_words(list(street)))
        places = (*locality.places, place) if place else locality.places
        unit = " ".join(part for part in (parts.unit, unit_behind, fold(query.unit)) if part)
        found.append(ParsedAddress(parts.number, name, unit, places, locality.state, locality.postcode))
    return found


def _with_fields(locality: Locality, query: AddressQuery) -> Locality:
    """Let the fields that were given apart overrule what the line says."""
    places = (fold(query.city.split(",")[0]),) if query.city.strip() else locality.places
    state, code = state_code(query.state) or locality.state, postcode(query.postcode) or locality.postcode
    return locality._replace(places=places, state=state, postcode=code)


@lru_cache(maxsize=4096)
def _split(line: str) -> tuple[str, tuple[str, ...]]:
    unit, rest = take_units(line)
    segments = (_EDGE.sub("", segment) for segment in _BREAKS.split(rest))
    return unit, tuple(segment for segment in segments if segment)


def _parts(line: str, area: AreaProfile, *, believe_state: bool) -> _Parts:
    unit, split = _split(line)
    segments = list(split)
    locality = take_locality(segments, area, believe_state=believe_state)
    at = _street_segment(segments)
    if at is None:
        return _Parts(None, (), unit, locality)
    number, street = _take_number(_one_number(segments[at], area))
    behind = segments[at + 1 :]
    if number is not None and not street and behind:
        street = behind.pop(0)
    places = (fold(segment) for segment in behind if not any(mark.isdigit() for mark in segment))
    named = tuple(place for place in (*places, *locality.places) if place)
    return _Parts(number, tuple(fold(street).split()), unit, locality._replace(places=named))


def _street_segment(segments: list[str]) -> int | None:
    """Return which segment holds the street: the first that begins with a house number, or has a type of street."""
    for at, segment in enumerate(segments):
        if _HOUSE.match(segment):
            following = segments[at + 1] if at + 1 < len(segments) else ""
            if not (segment.isdigit() and _HOUSE.match(following)):
                return at
    for at, segment in enumerate(segments):
        if any(word in words.SUFFIXES for word in fold(segment).split()[1:]):
            return at
    return 0 if segments else None


def _one_number(segment: str, area: AreaProfile) -> str:
    """Make one number of two in front: a bare unit goes ("104 1676 Duranleau St"), a Queens number gets its hyphen."""
    match = _TWO_NUMBERS.match(segment)
    if match is None:
        return segment
    following = fold(match[3])
    if match[1].isdigit() and (following in words.SUFFIXES or following in words.DIRECTIONS):
        return segment
    hyphen = area.hyphenated and match[1].isdigit()
    return f"{match[1]}-{segment[match.start(2) :]}" if hyphen else segment[match.start(2) :]


def _take_number(segment: str) -> tuple[HouseNumber | None, str]:
    match = _HOUSE.match(segment)
    if match is None:
        return None, segment
    numbers = signed_numbers(match[1], hyphenated=True)
    return (numbers[0], segment[match.end() :].strip(" -–")) if numbers else (None, segment)


type _StreetEnd = tuple[tuple[str, ...], str, str]
"""The words of a street, a unit written behind them, a place written behind them."""


def _street_ends(street: tuple[str, ...], area: AreaProfile) -> list[_StreetEnd]:
    """Return each way to divide what stands in the street's segment."""
    ends = []
    if (known := _known_place_at_end(street, area)) is not None:
        head, unit = _drop_lone_unit(street[:known])
        ends.append((head, unit, " ".join(street[known:])))
    head, unit = _drop_lone_unit(street)
    ends.append((head, unit, ""))
    if (after := _after_suffix(head)) < len(head):
        name, unit = _drop_lone_unit(head[:after])
        ends.append((name, unit, " ".join(head[after:])))
    return ends


def _known_place_at_end(street: tuple[str, ...], area: AreaProfile) -> int | None:
    """Return where a city of the area begins at the end of a street's words, the longest name first."""
    for start in range(1, len(street)):
        head = street[:start]
        if " ".join(street[start:]) in area.place_names and any(word not in words.DIRECTIONS for word in head):
            return start
    return None


def _after_suffix(street: tuple[str, ...]) -> int:
    """Return the position behind the last type of street and its direction; the end where there is none inside."""
    for at in range(len(street) - 1, 0, -1):
        if street[at] in words.SUFFIXES:
            direction = at + 1 < len(street) and street[at + 1] in words.DIRECTIONS
            return at + 2 if direction else at + 1
    return len(street)


def _drop_lone_unit(street: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return the street without a bare unit behind its type, and that unit."""
    if len(street) > 2 and is_lone_unit(street[-1]):  # noqa: PLR2004 - a name, a type, a unit
        before = words.SUFFIXES.get(street[-2]) or (street[-2] in words.DIRECTIONS and street[-3] in words.SUFFIXES)
        if before and before not in words.ROUTE_WORDS:
            return street[:-1], street[-1]
    return street, ""
