"""From lines that cross each other to a planar graph: nodes, edges, and the faces between them."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.sample.layout.geometry import Point, SegmentIndex, area, chainages, crossing, heading, towards

_TOUCH = 0.6  # metres within which two points are the same junction


class Kind(StrEnum):
    """OpenStreetMap's highway classes in use, and EDGE for a line that bounds a district but is no street."""

    MOTORWAY = "motorway"
    RAMP = "motorway_link"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    TERTIARY = "tertiary"
    RESIDENTIAL = "residential"
    ALLEY = "service"
    EDGE = "edge"


ARTERIALS = frozenset({Kind.PRIMARY, Kind.SECONDARY, Kind.TERTIARY})


@dataclass(frozen=True)
class Line:
    """A street as drawn: points in plan metres, in the order in which house numbers rise.

    `start` is the distance in metres from where the street's numbering begins to its first point. `way` is the
    direction of a one-way street along the points: 1, -1, or 0 for two-way. With `gaps` single blocks of it may be
    missing, as in a grid.
    """

    name: str
    kind: Kind
    points: Sequence[Point]
    start: float = 0.0
    way: int = 0
    gaps: bool = False


@dataclass(frozen=True)
class Edge:
    """A stretch of a line between two neighbouring junctions `a` and `b` (positions in the network's nodes)."""

    a: int
    b: int
    points: tuple[Point, ...]
    line: Line
    start: float

    @property
    def length(self) -> float:
        """Metres along the edge."""
        return chainages(self.points)[-1]


@dataclass(frozen=True)
class Network:
    """Junctions and the edges between them, in plan metres."""

    nodes: Sequence[Point]
    edges: Sequence[Edge]

    def ends(self) -> dict[int, list[Edge]]:
        """The edges that meet at each node."""
        meeting: dict[int, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            meeting[edge.a].append(edge)
            meeting[edge.b].append(edge)
        return meeting


class _Junctions:
    """Gives points that touch each other one number."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)

    def number(self, point: Point) -> int:
        i, j = math.floor(point[0]), math.floor(point[1])
        for ii in (i - 1, i, i + 1):
            for jj in (j - 1, j, j + 1):
                for known in self._cells.get((ii, jj), ()):
                    if math.dist(self.points[known], point) < _TOUCH:
                        return known
        self.points.append(point)
        self._cells[i, j].append(len(self.points) - 1)
        return len(self.points) - 1


def planar(lines: Sequence[Line]) -> Network:
    """Cut every line where it meets another; an end that touches a line becomes a junction with it."""
    index = SegmentIndex()
    for number, line in enumerate(lines):
        index.add(line.points, number)
    junctions = _Junctions()
    edges: dict[tuple[int, int], Edge] = {}
    for number, line in enumerate(lines):
        for edge in _cut(line, number, index, junctions):
            edges.setdefault((min(edge.a, edge.b), max(edge.a, edge.b)), edge)
    return Network(junctions.points, list(edges.values()))


def _cut(line: Line, number: int, index: SegmentIndex, junctions: _Junctions) -> Iterable[Edge]:
    reached = chainages(line.points)
    cuts = {0.0, reached[-1]}
    for i, (a, b) in enumerate(zip(line.points, line.points[1:], strict=False)):
        for other, tag in index.beside((a, b)):
            if tag != number and (hit := crossing((a, b), other, slack=_TOUCH / 2)):
                cuts.add(reached[i] + hit[0] * (reached[i + 1] - reached[i]))
    marks = sorted(cuts)
    for s0, s1 in itertools.pairwise(marks):
        points = _between(line.points, reached, s0, s1)
        first, last = junctions.number(points[0]), junctions.number(points[-1])
        if first != last:
            ends = junctions.points[first], junctions.points[last]
            yield Edge(first, last, (ends[0], *points[1:-1], ends[1]), line, line.start + s0)


def _between(line: Sequence[Point], reached: Sequence[float], s0: float, s1: float) -> list[Point]:
    """The stretch of `line` from `s0` to `s1` metres."""
    stretch: list[Point] = []
    for i, (a, b) in enumerate(itertools.pairwise(line)):
        low, high = max(s0, reached[i]), min(s1, reached[i + 1])
        if low < high or (not stretch and low == high == s0):
            step = reached[i + 1] - reached[i]
            stretch = stretch or [towards(a, b, (low - reached[i]) / step)]
            stretch.append(towards(a, b, (high - reached[i]) / step))
    return stretch


def faces(network: Network) -> list[list[Point]]:
    """The bounded faces of `network` as counter-clockwise rings."""
    outgoing: dict[int, list[tuple[float, int, Edge]]] = defaultdict(list)
    for edge in network.edges:
        outgoing[edge.a].append((heading(edge.points[0], edge.points[1]), 1, edge))
        outgoing[edge.b].append((heading(edge.points[-1], edge.points[-2]), -1, edge))
    following = {}
    for fan in outgoing.values():
        fan.sort(key=lambda spoke: (spoke[0], spoke[1], spoke[2].a, spoke[2].b))
        for before, after in zip([fan[-1], *fan], fan, strict=False):
            # Coming in against `after`, the sharpest left turn goes out along the spoke clockwise before it.
            following[after[2].a, after[2].b, -after[1]] = (before[2], before[1])
    rings, seen = [], set()
    for edge in network.edges:
        for side in (1, -1):
            ring: list[Point] = []
            step = (edge, side)
            while (key := (step[0].a, step[0].b, step[1])) not in seen:
                seen.add(key)
                ring.extend(step[0].points[:-1] if step[1] > 0 else step[0].points[:0:-1])
                step = following[key]
            if len(ring) > 2 and area(ring) > 0:  # noqa: PLR2004 - a ring has at least three corners
                rings.append(ring)
    return rings
