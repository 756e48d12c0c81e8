"""The freeway: two carriageways and diamond interchanges, joined to the arterials only by their ramps."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from services.sample.layout.geometry import Point
from services.sample.layout.network import Edge, Kind, Line, Network
from services.sample.layout.skeleton import CORRIDOR, INTERCHANGES, RIVER_ROAD, WIDTH, Skeleton, steps

NAME, REF = "Harlan Expressway", "SR 713"
_HALF_GAP = 13.0  # metres from the middle to each carriageway
_RAMP = 360.0  # metres along the freeway from the arterial to where a ramp leaves it


@dataclass(frozen=True)
class _Side:
    """One carriageway: `offset` north of the middle, `course` +1 eastbound or -1 westbound."""

    offset: float
    course: int


_EASTBOUND, _WESTBOUND = _Side(-_HALF_GAP, 1), _Side(_HALF_GAP, -1)


def with_freeway(bones: Skeleton, network: Network) -> Network:
    """`network` with the freeway and its ramps added."""
    nodes, edges = list(network.nodes), list(network.edges)
    ends = [len(nodes), len(nodes) + 1]
    nodes += [(x, bones.freeway_y(x)) for x in (0.0, WIDTH)]
    for side in (_EASTBOUND, _WESTBOUND):
        marks: dict[float, int] = {}
        for x, terminal in _terminals(bones, network, side):
            for towards in (-1, 1):
                far = x + towards * _RAMP
                marks[far] = len(nodes)
                nodes.append(_on(bones, side, far))
                edges.append(_ramp(bones, side, (far, marks[far]), (x, terminal), nodes))
        for x in _bridgeheads(bones):
            marks[x] = len(nodes)
            nodes.append(_on(bones, side, x))
        edges += _carriageway(bones, side, marks, ends, nodes)
    return Network(nodes, edges)


def _terminals(bones: Skeleton, network: Network, side: _Side) -> list[tuple[float, int]]:
    """Where the arterials with an interchange leave the freeway's corridor on that side: x and node."""
    found = {}
    wanted = CORRIDOR if side.offset > 0 else -CORRIDOR
    for edge in network.edges:
        for node in (edge.a, edge.b):
            x, y = network.nodes[node]
            if edge.line.name in INTERCHANGES and abs(y - bones.freeway_y(x) - wanted) < 2:  # noqa: PLR2004 - metres
                found[edge.line.name] = (x, node)
    return sorted(found.values())


def _bridgeheads(bones: Skeleton) -> tuple[float, float]:
    """Where the freeway's bridge over the river and its roads begins and ends."""
    middle = WIDTH / 2
    for _ in range(20):  # the river bends little, so this settles at once
        middle = bones.river_x(bones.freeway_y(middle))
    return middle - RIVER_ROAD - 25, middle + RIVER_ROAD + 25


def _on(bones: Skeleton, side: _Side, x: float) -> Point:
    """The carriageway's point at `x`; both carriageways meet at the city limits."""
    pinch = min(1.0, x / 400, (WIDTH - x) / 400)
    return x, bones.freeway_y(x) + side.offset * pinch


def _ramp(
    bones: Skeleton, side: _Side, far: tuple[float, int], near: tuple[float, int], nodes: Sequence[Point]
) -> Edge:
    """The ramp between the freeway at `far` and the arterial at `near`, both as x and node."""
    a, c = nodes[far[1]], nodes[near[1]]
    b = (near[0] + (far[0] - near[0]) * 0.42, bones.freeway_y(near[0]) + side.offset * 2.2)
    curve = [_bezier(a, b, c, k / 8) for k in range(9)]
    leaves_freeway = (far[0] < near[0]) == (side.course > 0)
    points = curve if leaves_freeway else curve[::-1]
    first, last = (far[1], near[1]) if leaves_freeway else (near[1], far[1])
    line = Line("", Kind.RAMP, points, way=1)
    return Edge(first, last, tuple(points), line, 0.0)


def _bezier(a: Point, b: Point, c: Point, t: float) -> Point:
    p, q, r = (1 - t) ** 2, 2 * t * (1 - t), t * t
    return p * a[0] + q * b[0] + r * c[0], p * a[1] + q * b[1] + r * c[1]


def _carriageway(
    bones: Skeleton, side: _Side, marks: dict[float, int], ends: Sequence[int], nodes: Sequence[Point]
) -> list[Edge]:
    nodes_at = {0.0: ends[0], **marks, WIDTH: ends[1]}
    xs = sorted(nodes_at, reverse=side.course < 0)
    line = Line(NAME, Kind.MOTORWAY, [nodes[nodes_at[x]] for x in xs], way=1)
    edges = []
    for x0, x1 in itertools.pairwise(xs):
        middle = [_on(bones, side, x) for x in steps(x0, x1)[1:-1]]
        points = (nodes[nodes_at[x0]], *middle, nodes[nodes_at[x1]])
        edges.append(Edge(nodes_at[x0], nodes_at[x1], points, line, 0.0))
    return edges
