"""Placing a house number between two that are known."""

from collections.abc import Sequence
from typing import NamedTuple

from services.geocoding.domain.geometry import metres_between
from services.geocoding.domain.house_number import HouseNumber

LONGEST_GAP_METRES = 400.0
"""Two known houses further apart than a long block tell too little about the houses between them."""


class KnownHouse(NamedTuple):
    """A house of a street.

    Attributes:
        prefix: the number before the hyphen, -1 without one.
        value: the number along the street.
        lat: WGS84 degrees.
        lon: WGS84 degrees.
    """

    prefix: int
    value: int
    lat: float
    lon: float


def interpolate(number: HouseNumber, houses: Sequence[KnownHouse]) -> tuple[float, float] | None:
    """Return (lat, lon) of a number between its nearest known neighbours.

    The neighbours are of its own side of the street (same parity) where that side is known on both ends, of either side
    otherwise, and share its prefix. None when the number lies beyond the known ones or the gap is too long.

    Args:
        number: the number asked for.
        houses: known houses of one street, in any order.
    """
    prefix = -1 if number.prefix is None else number.prefix
    block = [house for house in houses if house.prefix == prefix]
    side = [house for house in block if house.value % 2 == number.value % 2]
    for neighbours in (side, block):
        below = max((house for house in neighbours if house.value <= number.value), key=_value, default=None)
        above = min((house for house in neighbours if house.value >= number.value), key=_value, default=None)
        if below is not None and above is not None and (place := _between(number.value, below, above)):
            return place
    return None


def _value(house: KnownHouse) -> int:
    return house.value


def _between(value: int, below: KnownHouse, above: KnownHouse) -> tuple[float, float] | None:
    if metres_between(below.lat, below.lon, above.lat, above.lon) > LONGEST_GAP_METRES:
        return None
    span = above.value - below.value
    share = (value - below.value) / span if span else 0.0
    return below.lat + share * (above.lat - below.lat), below.lon + share * (above.lon - below.lon)
