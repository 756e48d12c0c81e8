"""Names of streets. All invented combinations of common American words."""

from collections.abc import Sequence
from random import Random

TREES = (
    "Maple", "Oak", "Elm", "Walnut", "Chestnut", "Cedar", "Birch", "Sycamore", "Hickory", "Poplar", "Linden", "Locust",
    "Willow", "Spruce", "Cherry", "Beech", "Ash", "Magnolia", "Juniper", "Dogwood", "Hawthorn", "Laurel", "Buckeye",
)  # fmt: skip
PRESIDENTS = (
    "Washington", "Adams", "Jefferson", "Madison", "Monroe", "Jackson", "Harrison", "Tyler", "Polk", "Taylor",
    "Fillmore", "Pierce", "Buchanan", "Grant", "Hayes", "Garfield", "Arthur", "McKinley", "Roosevelt", "Taft",
    "Harding", "Coolidge", "Truman", "Eisenhower", "Kennedy",
)  # fmt: skip
SURNAMES = (
    "Whitfield", "Abernathy", "Bexley", "Carpenter", "Dennison", "Eastman", "Fairbanks", "Gambier", "Hubbard",
    "Ingram", "Jenkins", "Kellogg", "Ludlow", "Mercer", "Neville", "Oberlin", "Putnam", "Quincy", "Renick",
    "Sandusky", "Thurman", "Upton", "Vance", "Wilmot", "Yarnell", "Zane",
)  # fmt: skip
_FIRST = (
    "Fox", "Deer", "Quail", "Heron", "Meadow", "Stone", "Clear", "Autumn", "Winding", "Sunset", "Timber", "Rolling",
    "Silver", "Golden", "Misty", "Harvest", "Orchard", "Prairie", "Bluff", "Copper", "Eagle", "Falcon", "Sugar",
    "Bridle", "Carriage", "Colonial", "Country", "Crystal", "Forest", "Garden", "Hidden", "Highland", "Lantern",
    "Morning", "Pebble", "Pheasant", "Raven", "Rocky", "Saddle", "Shady", "Spring", "Summer", "Turkey", "Valley",
    "White", "Wild", "Wind", "Woodland", "Fern", "Amber",
)  # fmt: skip
_SECOND = (
    "Run", "Hollow", "Ridge", "Creek", "Glen", "Brook", "Hill", "Crest", "Trace", "Grove", "Field", "View", "Bend",
    "Landing", "Crossing", "Point", "Haven", "Spring", "Knoll", "Wood",
)  # fmt: skip
_LANE_SUFFIXES = ("Court", "Lane", "Drive", "Circle", "Way", "Place", "Trail")
_COLLECTOR_SUFFIXES = ("Drive", "Boulevard", "Parkway", "Road")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, … 11th, 21st."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def listed(names: Sequence[str], rank: int) -> str:
    """The name of the street with that `rank` in its grid; a list that runs out begins anew as "New" or "Old"."""
    turn, place = divmod(rank, len(names))
    return ("", "New ", "Old ")[turn % 3] + names[place]


class StreetNames:
    """Hands out names, none of them twice."""

    def __init__(self, rng: Random) -> None:
        stems = [f"{first} {second}" for first in _FIRST for second in _SECOND if first != second]
        rng.shuffle(stems)
        self._stems = stems

    def lane(self, rng: Random) -> str:
        """A name for a small street."""
        return f"{self._stems.pop()} {rng.choice(_LANE_SUFFIXES)}"

    def collector(self, rng: Random) -> str:
        """A name for a street that gathers small ones."""
        return f"{self._stems.pop()} {rng.choice(_COLLECTOR_SUFFIXES)}"
