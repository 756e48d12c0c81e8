"""The gate: does an address claim to lie in the area at all?"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from rapidfuzz.distance import OSA

from services.geocoding.domain.address import ParsedAddress
from services.geocoding.domain.geometry import Bbox
from services.geocoding.domain.regions import delivery_area, is_canadian
from services.geocoding.domain.text import fold

_FIVE_LETTERS = 5
_EIGHT_LETTERS = 8


class Claim(StrEnum):
    """What one part of an address says about lying in the area."""

    AGREES = "agrees"
    SILENT = "silent"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class AreaProfile:
    """What the gate knows of an area.

    Attributes:
        bbox: the box around its addresses and named streets.
        states: two-letter codes.
        cities: names of its cities, as addresses write them.
        districts: names of suburbs, neighbourhoods and counties that people write instead of the city.
        postcodes: normalised postcodes.
        hyphenated: whether its house numbers are written with a hyphen (Queens).
    """

    bbox: Bbox
    states: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    hyphenated: bool = False

    @cached_property
    def city_names(self) -> frozenset[str]:
        """Folded names of the cities."""
        return frozenset(fold(city) for city in self.cities)

    @cached_property
    def place_names(self) -> frozenset[str]:
        """Folded names of cities and districts."""
        return self.city_names | {fold(district) for district in self.districts}

    @cached_property
    def delivery_areas(self) -> frozenset[str]:
        """ZIPs, and the first halves of Canadian postcodes."""
        return frozenset(delivery_area(code) for code in self.postcodes)

    def of_state(self, address: ParsedAddress) -> Claim:
        """Judge the state."""
        if address.state is None or not self.states:
            return Claim.SILENT
        return Claim.AGREES if address.state in self.states else Claim.CONTRADICTS

    def of_postcode(self, address: ParsedAddress) -> Claim:
        """Judge the postcode.

        Maps know few Canadian postcodes, so an unknown one whose first two characters are known says nothing.
        """
        code = address.postcode
        if code is None or not self.delivery_areas:
            return Claim.SILENT
        if delivery_area(code) in self.delivery_areas:
            return Claim.AGREES
        if is_canadian(code) and any(known.startswith(code[:2]) for known in self.delivery_areas):
            return Claim.SILENT
        return Claim.CONTRADICTS

    def of_place(self, address: ParsedAddress) -> Claim:
        """Judge city and district: one that is known is enough ("Kitsilano, Vancouver")."""
        if not address.places or not self.place_names:
            return Claim.SILENT
        known = any(self.known_place(place) for place in address.places)
        return Claim.AGREES if known else Claim.CONTRADICTS

    def known_place(self, place: str) -> str | None:
        """Return the area's spelling of a place, one typo forgiven in five letters and two in eight."""
        if place in self.place_names:
            return place
        allowed = 0 if len(place) < _FIVE_LETTERS else 1 if len(place) < _EIGHT_LETTERS else 2
        if allowed == 0:
            return None
        near = (name for name in self.place_names if OSA.distance(place, name, score_cutoff=allowed) <= allowed)
        return min(near, default=None)


class Gate(StrEnum):
    """What the claims of an address come to."""

    OPEN = "open"
    DOUBTFUL = "doubtful"
    SHUT = "shut"


def gate(area: AreaProfile, address: ParsedAddress) -> Gate:
    """Judge whether an address claims to lie in an area.

    A state that contradicts shuts the gate, whatever else agrees. A postcode is believed before a city, because people
    write the next big city's name; but a wrong postcode beside a right city is a doubt that a person must settle.
    """
    if area.of_state(address) is Claim.CONTRADICTS:
        return Gate.SHUT
    by_postcode, by_place = area.of_postcode(address), area.of_place(address)
    if by_postcode is Claim.AGREES:
        return Gate.OPEN
    if by_postcode is Claim.CONTRADICTS:
        return Gate.DOUBTFUL if by_place is Claim.AGREES else Gate.SHUT
    return Gate.SHUT if by_place is Claim.CONTRADICTS else Gate.OPEN
