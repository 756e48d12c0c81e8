"""What is known of a ZIP without a map (the ``zipcodes`` package, United States only)."""

from dataclasses import dataclass
from functools import lru_cache

import zipcodes

from services.geocoding.domain.geometry import Bbox, contains
from services.geocoding.domain.regions import is_canadian

_ONE_ADDRESSEE = "UNIQUE"
"""ZIPs of one bank or office; the "cities" of these are the names of their owners."""


@dataclass(frozen=True, slots=True)
class Zip:
    """A ZIP.

    Attributes:
        city: the city the postal service prefers.
        cities: every name people write instead, the preferred one included.
        county: without the word County.
        state: two-letter code.
    """

    city: str
    cities: tuple[str, ...]
    county: str
    state: str


@lru_cache(maxsize=4096)
def known_zip(code: str) -> Zip | None:
    """Return what is known of a postcode; None for a Canadian one and for a ZIP that is not in use."""
    entries = [] if not code or is_canadian(code) else zipcodes.matching(code)
    if not entries:
        return None
    entry = entries[0]
    alone = entry["zip_code_type"] == _ONE_ADDRESSEE
    others = () if alone else (*entry["acceptable_cities"], *entry["unacceptable_cities"])
    return Zip(entry["city"], (entry["city"], *others), entry["county"].removesuffix(" County"), entry["state"])


def zips_inside(box: Bbox, state: str) -> set[str]:
    """Return the ZIPs of a state whose centre lies in a box."""
    return {
        entry["zip_code"]
        for entry in zipcodes.filter_by(state=state)
        if entry["zip_code_type"] != _ONE_ADDRESSEE
        and entry["lat"]
        and entry["long"]
        and contains(box, float(entry["lat"]), float(entry["long"]))
    }
