"""Houses along the streets: where they stand, their numbers, their ZIP codes, and flats in some of them."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from services.sample.layout.districts import District, Use
from services.sample.layout.geometry import Point, SegmentIndex, ahead, at, chainages, inside
from services.sample.layout.ground import Ground
from services.sample.layout.network import Edge, Kind, Network
from services.sample.layout.parks import Park
from services.sample.layout.skeleton import MAIN_X, STATE_Y, Skeleton

_PER_NUMBER = 1.3  # metres: about a hundred numbers to a block
DOWNTOWN_RADIUS = 620.0  # metres around Main and State Street with shops at the street
_NO_HOUSES = frozenset({Kind.MOTORWAY, Kind.RAMP, Kind.ALLEY})
_CORNER = 14.0  # metres from a junction to the first lot
_APART = 15.5  # metres between the middles of two houses, at least
_FLATS = ("1A", "1B", "2A", "2B", "3A", "3B", "4A", "4B", "5A", "5B", "6A", "6B")


@dataclass(frozen=True)
class Lots:
    """How a use is built up.

    Width of a lot (least, most), distance of a house's middle from the street's middle and size of the house (along,
    deep) in metres; `share` of the lots has a mapped house; `flats` of the houses have several homes.
    """

    width: tuple[float, float]
    setback: float
    size: tuple[float, float]
    share: float
    flats: float
    building: str


LOTS = {
    Use.DOWNTOWN: Lots((17, 26), 17.0, (14.0, 15.0), 0.85, 0.12, "retail"),
    Use.GRID: Lots((17, 24), 18.5, (11.0, 10.0), 0.5, 0.02, "house"),
    Use.SUBURB: Lots((22, 34), 21.0, (14.0, 10.5), 0.65, 0.004, "house"),
    Use.INDUSTRY: Lots((75, 120), 46.0, (48.0, 32.0), 0.8, 0.0, "industrial"),
    Use.FARMLAND: Lots((150, 320), 34.0, (15.0, 10.0), 0.7, 0.0, "farm"),
}


@dataclass(frozen=True)
class House:
    """A building with an address.

    `middle` (bent metres), `direction` of its street (radians) and `size` give its outline; `flats` are the unit
    numbers where there are several homes.
    """

    middle: Point
    direction: float
    size: tuple[float, float]
    number: int
    street: str
    postcode: str
    building: str
    flats: tuple[str, ...] = ()

    def outline(self) -> list[Point]:
        """The four corners, in bent metres."""
        along, deep = self.size[0] / 2, self.size[1] / 2
        across = self.direction + math.pi / 2
        corners = ((-along, -deep), (along, -deep), (along, deep), (-along, deep))
        return [ahead(ahead(self.middle, self.direction, a), across, d) for a, d in corners]


class _Builder:
    """Keeps houses off each other, off the streets and out of the parks."""

    def __init__(self, network: Network, ground: Ground, greens: Sequence[Park]) -> None:
        self._streets = SegmentIndex(60.0)
        for edge in network.edges:
            self._streets.add(ground.bent_line(edge.points))
        self._greens = [[ground.bent(corner) for corner in park.ring] for park in greens]
        self._houses: dict[tuple[int, int], list[tuple[Point, float]]] = defaultdict(list)

    def place(self, middle: Point, size: tuple[float, float]) -> bool:
        """Take the ground around `middle` if it is free."""
        half = max(size) / 2
        cell = math.floor(middle[0] / 60), math.floor(middle[1] / 60)
        around = [(cell[0] + i, cell[1] + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        for key in around:
            for other, other_half in self._houses.get(key, ()):
                if math.dist(other, middle) < max(_APART, half + other_half):
                    return False
        if any(self._streets.near(middle, half + 5.0)) or any(inside(middle, ring) for ring in self._greens):
            return False
        self._houses[cell].append((middle, half))
        return True


def houses(
    network: Network, found: Sequence[District], greens: Sequence[Park], bones: Skeleton, ground: Ground, rng: Random
) -> list[House]:
    """Build along every street, on both sides, odd numbers on the left of the way the numbers rise."""
    builder, uses = _Builder(network, ground, greens), _Uses(found)
    built: list[House] = []
    taken: set[tuple[str, int]] = set()
    for edge in network.edges:
        if edge.line.kind in _NO_HOUSES:
            continue
        postcode = _postcode(edge, bones)
        for left in (True, False):
            lots = LOTS.get(uses.beside(edge, left=left))
            for house in _row(edge, lots, ground, postcode, rng, left=left) if lots else ():
                key = house.street, house.number
                if key not in taken and builder.place(house.middle, house.size):
                    taken.add(key)
                    built.append(house)
    return built


class _Uses:
    """Finds the use of the district beside a street."""

    def __init__(self, found: Sequence[District]) -> None:
        self._boxes = []
        for district in found:
            xs, ys = [x for x, _ in district.ring], [y for _, y in district.ring]
            self._boxes.append((min(xs), max(xs), min(ys), max(ys), district))

    def beside(self, edge: Edge, *, left: bool) -> Use:
        middle, direction = at(edge.points, chainages(edge.points), edge.length / 2)
        point = ahead(middle, direction + (math.pi / 2 if left else -math.pi / 2), 25.0)
        if math.dist(point, (MAIN_X, STATE_Y)) < DOWNTOWN_RADIUS:
            return Use.DOWNTOWN
        for west, east, south, north, district in self._boxes:
            if west <= point[0] <= east and south <= point[1] <= north and inside(point, district.ring):
                return district.use
        return Use.CORRIDOR


def _postcode(edge: Edge, bones: Skeleton) -> str:
    """Four ZIP codes meet where State Street crosses the river. None of them is in use by the postal service."""
    x, y = edge.points[0]
    return str(43087 + 2 * (x > bones.river_x(y)) + (y > STATE_Y))


def _row(edge: Edge, lots: Lots, ground: Ground, postcode: str, rng: Random, *, left: bool) -> Iterator[House]:
    """Candidates for one side of one stretch of street."""
    line = ground.bent_line(edge.points)
    reached = chainages(line)
    side = math.pi / 2 if left else -math.pi / 2
    along = _CORNER + rng.uniform(0, 8)
    while along < reached[-1] - _CORNER:
        width = rng.uniform(*lots.width)
        if rng.random() < lots.share:
            point, direction = at(line, reached, along)
            middle = ahead(point, direction + side, lots.setback + rng.uniform(-2, 2))
            number = 100 + int((edge.start + along) / _PER_NUMBER)
            flats = _FLATS[: rng.choice((4, 6, 8, 12))] if rng.random() < lots.flats else ()
            size = (lots.size[0] * rng.uniform(0.85, 1.1), lots.size[1] * rng.uniform(0.85, 1.15))
            building = "apartments" if flats else lots.building
            odd = number + (number % 2 != int(left))
            yield House(middle, direction, size, odd, edge.line.name, postcode, building, flats)
        along += width
