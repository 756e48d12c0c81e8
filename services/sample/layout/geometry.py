"""Plane geometry on points, lines and polygons in metres."""

import itertools
import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence

type Point = tuple[float, float]
type Segment = tuple[Point, Point]


def chainages(line: Sequence[Point]) -> list[float]:
    """Metres from the start of `line` to each of its points."""
    reached = [0.0]
    for a, b in itertools.pairwise(line):
        reached.append(reached[-1] + math.dist(a, b))
    return reached


def towards(a: Point, b: Point, share: float) -> Point:
    """The point `share` (0 to 1) of the way from `a` to `b`."""
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def heading(a: Point, b: Point) -> float:
    """Direction from `a` to `b` in radians, 0 = east, counter-clockwise."""
    return math.atan2(b[1] - a[1], b[0] - a[0])


def ahead(start: Point, direction: float, metres: float) -> Point:
    """The point `metres` from `start` in `direction` (radians)."""
    return start[0] + metres * math.cos(direction), start[1] + metres * math.sin(direction)


def at(line: Sequence[Point], reached: Sequence[float], metres: float) -> tuple[Point, float]:
    """The point `metres` along `line` and the line's heading there; `reached` is `chainages(line)`."""
    i = min(max(bisect_right(reached, metres) - 1, 0), len(line) - 2)
    a, b = line[i], line[i + 1]
    step = reached[i + 1] - reached[i]
    return towards(a, b, (metres - reached[i]) / step if step else 0.0), heading(a, b)


def densified(line: Sequence[Point], step: float) -> list[Point]:
    """`line` with extra points, so that no two neighbours are more than `step` metres apart."""
    dense = [line[0]]
    for a, b in itertools.pairwise(line):
        parts = max(1, math.ceil(math.dist(a, b) / step))
        dense.extend(towards(a, b, k / parts) for k in range(1, parts + 1))
    return dense


def crossing(first: Segment, second: Segment, slack: float = 0.0) -> tuple[float, float] | None:
    """Where two segments cross, as the share of each; None when they are parallel or apart.

    `slack` metres are added to both ends of both, so that an end that only just touches still counts.
    """
    (ax, ay), (bx, by) = first
    (cx, cy), (dx, dy) = second
    ux, uy, vx, vy = bx - ax, by - ay, dx - cx, dy - cy
    turn = ux * vy - uy * vx
    if abs(turn) < 1e-9:  # noqa: PLR2004 - parallel, or one has no length
        return None
    t = ((cx - ax) * vy - (cy - ay) * vx) / turn
    u = ((cx - ax) * uy - (cy - ay) * ux) / turn
    room_t, room_u = slack / math.hypot(ux, uy), slack / math.hypot(vx, vy)
    if -room_t <= t <= 1 + room_t and -room_u <= u <= 1 + room_u:
        return min(max(t, 0.0), 1.0), min(max(u, 0.0), 1.0)
    return None


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether `point` lies in `polygon` (even-odd rule; the ring closes itself)."""
    x, y = point
    odd = False
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            odd = not odd
    return odd


def area(polygon: Sequence[Point]) -> float:
    """Signed area of `polygon` in square metres, positive when it runs counter-clockwise."""
    ring = zip(polygon, [*polygon[1:], polygon[0]], strict=True)
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in ring) / 2


def heart(polygon: Sequence[Point]) -> Point:
    """Centre of gravity of `polygon`, which must have an area."""
    x = y = 0.0
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        cross = ax * by - bx * ay
        x, y = x + (ax + bx) * cross, y + (ay + by) * cross
    six = 6 * area(polygon)
    return x / six, y / six


def clip(line: Sequence[Point], polygon: Sequence[Point]) -> list[list[Point]]:
    """The pieces of `line` inside `polygon`, in the line's order, each ending exactly on the polygon."""
    sides = list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))
    pieces: list[list[Point]] = []
    open_piece: list[Point] = []
    for a, b in itertools.pairwise(line):
        hits = [hit[0] for side in sides if (hit := crossing((a, b), side))]
        cuts = sorted({0.0, 1.0, *hits})
        for t0, t1 in itertools.pairwise(cuts):
            if inside(towards(a, b, (t0 + t1) / 2), polygon):
                open_piece = open_piece or [towards(a, b, t0)]
                open_piece.append(towards(a, b, t1))
            elif open_piece:
                pieces.append(open_piece)
                open_piece = []
    return [*pieces, open_piece] if open_piece else pieces


def nearest_on(segment: Segment, point: Point) -> Point:
    """The point of `segment` nearest to `point`."""
    (ax, ay), (bx, by) = segment
    ux, uy = bx - ax, by - ay
    square = ux * ux + uy * uy
    share = ((point[0] - ax) * ux + (point[1] - ay) * uy) / square if square else 0.0
    return towards((ax, ay), (bx, by), min(max(share, 0.0), 1.0))


class SegmentIndex:
    """Segments in square cells, to find those near a point without looking at all of them."""

    def __init__(self, cell: float = 100.0) -> None:
        self._cell = cell
        self._cells: dict[tuple[int, int], list[tuple[Segment, int]]] = defaultdict(list)

    def add(self, line: Sequence[Point], tag: int = 0) -> None:
        """Add every segment of `line`; `tag` comes back with each of them."""
        for a, b in itertools.pairwise(line):
            for key in self._keys(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])):
                self._cells[key].append(((a, b), tag))

    def near(self, point: Point, radius: float) -> Iterator[tuple[float, Segment, int]]:
        """Distance, segment and tag of the segments within `radius` metres (some may come twice)."""
        x, y = point
        for key in self._keys(x - radius, y - radius, x + radius, y + radius):
            for segment, tag in self._cells.get(key, ()):
                away = math.dist(point, nearest_on(segment, point))
                if away <= radius:
                    yield away, segment, tag

    def beside(self, segment: Segment) -> Iterator[tuple[Segment, int]]:
        """Segments that share a cell with `segment` (some may come twice)."""
        (ax, ay), (bx, by) = segment
        for key in self._keys(min(ax, bx) - 1, min(ay, by) - 1, max(ax, bx) + 1, max(ay, by) + 1):
            yield from self._cells.get(key, ())

    def _keys(self, west: float, south: float, east: float, north: float) -> Iterator[tuple[int, int]]:
        for i in range(math.floor(west / self._cell), math.floor(east / self._cell) + 1):
            for j in range(math.floor(south / self._cell), math.floor(north / self._cell) + 1):
                yield i, j
