"""The bones of the city: river, freeway corridor, arterials, and the city limits.

Plan metres: x eastwards from 0 to WIDTH, y northwards from 0 to HEIGHT.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from services.sample.layout.geometry import Point, nearest_on
from services.sample.layout.network import Kind, Line

WIDTH, HEIGHT = 8000.0, 6000.0
RIVER_BANK = 42.0  # half the river's width
RIVER_ROAD = 115.0  # from the river's middle to the road on either bank
CORRIDOR = 125.0  # from the freeway's middle to where local streets end
MAIN_X, STATE_Y = 4300.0, 3100.0  # Main Street and State Street: where addresses turn from N to S, from E to W
WEST_BANK, EAST_BANK = "River Road", "Riverside Drive"
FREEWAY_NORTH, FREEWAY_SOUTH, LIMITS = "freeway north side", "freeway south side", "city limits"
INTERCHANGES = frozenset({"South Lincoln Avenue", "South Main Street", "Harlan Road"})

_STEP = 100.0


@dataclass(frozen=True)
class Skeleton:
    """What the districts are hung on.

    `river_x(y)` and `freeway_y(x)` give the middle of the river and of the freeway; `lines` are the arterials, the
    riverside roads, and the EDGE lines of the freeway corridor and the city limits.
    """

    river_x: Callable[[float], float]
    freeway_y: Callable[[float], float]
    lines: list[Line]

    def is_arterial(self, line: Line) -> bool:
        """Whether `line` is one of the bones, not a street that fills a district."""
        return any(line is bone for bone in self.lines)

    def in_corridor(self, point: Point) -> bool:
        """Whether `point` lies on the river's or the freeway's own ground."""
        return self.at_river(point) or abs(point[1] - self.freeway_y(point[0])) < CORRIDOR - 1

    def at_river(self, point: Point) -> bool:
        """Whether `point` lies between the two riverside roads."""
        return abs(point[0] - self.river_x(point[1])) < RIVER_ROAD - 1


def skeleton(rng: Random) -> Skeleton:
    """Draw the bones; the seed of `rng` moves bends and phases, the general plan stays."""
    p, q, r, s = (rng.uniform(0, 2 * math.pi) for _ in range(4))

    def river_x(y: float) -> float:
        return 3080 + 210 * math.sin(2 * math.pi * y / 4400 + p) + 70 * math.sin(2 * math.pi * y / 1900 + q)

    def freeway_y(x: float) -> float:
        return 1450 + 130 * math.sin(2 * math.pi * x / 6100 + r) + 45 * math.sin(2 * math.pi * x / 2300 + s)

    banks = _along_river(river_x)
    across = _east_west(rng, river_x, banks)
    lines = [*banks, *_around(freeway_y), *across, *_north_south(rng), *_diagonals(rng, across)]
    return Skeleton(river_x, freeway_y, lines)


def steps(start: float, stop: float) -> list[float]:
    """Numbers from `start` to `stop`, both included, about 100 m apart."""
    parts = max(1, round(abs(stop - start) / _STEP))
    return [start + (stop - start) * k / parts for k in range(parts + 1)]


def _along_river(river_x: Callable[[float], float]) -> list[Line]:
    ys = steps(0, HEIGHT)
    return [
        Line(WEST_BANK, Kind.TERTIARY, [(river_x(y) - RIVER_ROAD, y) for y in ys]),
        Line(EAST_BANK, Kind.TERTIARY, [(river_x(y) + RIVER_ROAD, y) for y in ys]),
    ]


def _around(freeway_y: Callable[[float], float]) -> list[Line]:
    xs = steps(0, WIDTH)
    corners = [(0.0, 0.0), (WIDTH, 0.0), (WIDTH, HEIGHT), (0.0, HEIGHT), (0.0, 0.0)]
    return [
        Line(FREEWAY_NORTH, Kind.EDGE, [(x, freeway_y(x) + CORRIDOR) for x in xs]),
        Line(FREEWAY_SOUTH, Kind.EDGE, [(x, freeway_y(x) - CORRIDOR) for x in xs]),
        Line(LIMITS, Kind.EDGE, corners),
    ]


def _wave(rng: Random, swing: float) -> Callable[[float], float]:
    phase, length = rng.uniform(0, 2 * math.pi), rng.uniform(2600, 4800)
    return lambda along: swing * math.sin(2 * math.pi * along / length + phase)


def _east_west(rng: Random, river_x: Callable[[float], float], banks: Sequence[Line]) -> list[Line]:
    """Arterials across the city, numbered from the river; only some of them cross it."""
    lines = []
    for name, y, kind, swing, bridged in (
        ("Southfield Road", 560.0, Kind.TERTIARY, 60.0, False),
        ("Market Street", 2260.0, Kind.TERTIARY, 40.0, True),
        ("State Street", STATE_Y, Kind.PRIMARY, 25.0, True),
        ("Wyandot Street", 4050.0, Kind.SECONDARY, 55.0, False),
        ("Northgate Road", 5150.0, Kind.SECONDARY, 70.0, True),
    ):
        wave = _wave(rng, swing)
        middle = (river_x(y), y + wave(river_x(y)))
        for side, bank, limit in (("West", banks[0], 0.0), ("East", banks[1], WIDTH)):
            start = middle if bridged else _snapped(middle, bank)
            points = [start, *((x, y + wave(x)) for x in steps(start[0], limit)[1:])]
            lines.append(Line(f"{side} {name}", kind, points, math.dist(start, middle)))
    return lines


def _north_south(rng: Random) -> list[Line]:
    """Arterials up the city, numbered from State Street where their names turn from South to North."""
    lines = []
    for name, x, kind, swing in (
        ("Lincoln Avenue", 1850.0, Kind.SECONDARY, 60.0),
        ("Main Street", MAIN_X, Kind.PRIMARY, 20.0),
        ("Cleveland Avenue", 5500.0, Kind.SECONDARY, 50.0),
    ):
        wave = _wave(rng, swing)
        north = [(x + wave(y), y) for y in steps(STATE_Y, HEIGHT)]
        south = [(x + wave(y), y) for y in steps(STATE_Y, 0)]
        lines += [Line(f"North {name}", kind, north), Line(f"South {name}", kind, south)]
    for name, x, swing in (("Mount Zion Road", 780.0, 90.0), ("Harlan Road", 6780.0, 80.0)):
        wave = _wave(rng, swing)
        lines.append(Line(name, Kind.TERTIARY, [(x + wave(y), y) for y in steps(0, HEIGHT)]))
    return lines


def _diagonals(rng: Random, across: Sequence[Line]) -> list[Line]:
    """Old roads that were there before the grid; both start on State Street."""
    west, east = (line for line in across if line.name.endswith("State Street"))
    return [
        _bent("Granville Pike", Kind.SECONDARY, _snapped((MAIN_X, STATE_Y), east), (WIDTH, 5700.0), rng),
        _bent("Old Mill Road", Kind.SECONDARY, _snapped((1850.0, STATE_Y), west), (0.0, 2050.0), rng),
    ]


def _snapped(point: Point, line: Line) -> Point:
    """The point of `line` nearest to `point`, so that what starts there is joined to it."""
    segments = zip(line.points, line.points[1:], strict=False)
    return min((nearest_on(segment, point) for segment in segments), key=lambda near: math.dist(near, point))


def _bent(name: str, kind: Kind, start: Point, end: Point, rng: Random) -> Line:
    bow = rng.choice((-1, 1)) * rng.uniform(60, 120)
    length = math.dist(start, end)
    side = (-(end[1] - start[1]) / length, (end[0] - start[0]) / length)
    points = []
    for along in steps(0, length):
        share = along / length
        out = bow * math.sin(math.pi * share)
        x = start[0] + (end[0] - start[0]) * share + side[0] * out
        y = start[1] + (end[1] - start[1]) * share + side[1] * out
        points.append((x, y))
    return Line(name, kind, points)
