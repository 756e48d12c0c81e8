"""Districts of straight blocks: parallel streets in two directions, numbered or named."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from services.sample.layout.geometry import Point, chainages, clip, inside
from services.sample.layout.names import PRESIDENTS, SURNAMES, TREES, listed, ordinal
from services.sample.layout.network import Kind, Line
from services.sample.layout.skeleton import STATE_Y

_SHORTEST = 60.0  # metres; a shorter piece of street is left out
_COLLECTOR = 8  # every eighth street is a collector


@dataclass(frozen=True)
class Grid:
    """A family of parallel streets, shared by all districts it covers so that names run through.

    `origin` is where both axes begin (plan metres), `tilt` the angle of the first axis in radians, `u` the spacing of
    the streets that run up (along the second axis), `v` of those that run across (along the first), in metres.
    """

    key: str
    origin: Point
    tilt: float
    u: float
    v: float

    def point(self, along: float, up: float) -> Point:
        """Plan point of grid coordinates, in metres along either axis."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        return self.origin[0] + along * cos - up * sin, self.origin[1] + along * sin + up * cos

    def coordinates(self, point: Point) -> tuple[float, float]:
        """Grid coordinates of a plan point, in metres along either axis."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        x, y = point[0] - self.origin[0], point[1] - self.origin[1]
        return x * cos + y * sin, -x * sin + y * cos

    def reach(self, ring: Sequence[Point]) -> tuple[float, float, float, float]:
        """Least and greatest grid coordinates of a ring: along from, along to, up from, up to."""
        both = [self.coordinates(point) for point in ring]
        along, up = [a for a, _ in both], [b for _, b in both]
        return min(along), max(along), min(up), max(up)


DOWNTOWN = Grid("downtown", (2700.0, 1900.0), math.radians(6), 112.0, 128.0)
EAST_SIDE = Grid("east", (3000.0, 300.0), math.radians(-1), 108.0, 176.0)
WEST_SIDE = Grid("west", (500.0, 1650.0), math.radians(-12), 118.0, 164.0)


def grid_lines(ring: Sequence[Point], grid: Grid, rng: Random, *, every: int) -> list[Line]:
    """The streets of `grid` inside `ring`, of those that run up only `every` n-th; downtown has alleys."""
    a0, a1, b0, b1 = grid.reach(ring)
    lines: list[Line] = []
    for j in range(math.ceil(b0 / grid.v), math.floor(b1 / grid.v) + 1):
        whole = [grid.point(a0 - 10, j * grid.v), grid.point(a1 + 10, j * grid.v)]
        lines += _pieces(ring, grid, whole, _across_name(grid, j), j, across=True)
    for i in range(math.ceil(a0 / grid.u), math.floor(a1 / grid.u) + 1):
        if i % every == 0:
            whole = [grid.point(i * grid.u, b0 - 10), grid.point(i * grid.u, b1 + 10)]
            lines += _pieces(ring, grid, whole, _up_name(grid, i), i, across=False)
    return lines + (list(_alleys(ring, grid, rng)) if grid is DOWNTOWN else [])


def _pieces(
    ring: Sequence[Point], grid: Grid, whole: Sequence[Point], name: str, rank: int, *, across: bool
) -> Iterator[Line]:
    kind = Kind.TERTIARY if rank % _COLLECTOR == _COLLECTOR // 2 else Kind.RESIDENTIAL
    way = _one_way(grid, rank, across=across)
    for piece in clip(whole, ring):
        if chainages(piece)[-1] < _SHORTEST:
            continue
        along, up = grid.coordinates(piece[0])
        label, points, start = name, piece, along if across else up
        if across and grid is WEST_SIDE:  # numbers rise away from the river
            points, start = piece[::-1], 3600 - grid.coordinates(piece[-1])[0]
        if "{side}" in name:
            north = (piece[0][1] + piece[-1][1]) / 2 > STATE_Y
            label = name.format(side="North" if north else "South")
            level = grid.coordinates((piece[0][0], STATE_Y))[1]
            points = piece if north else piece[::-1]
            start = up - level + 120 if north else level - grid.coordinates(piece[-1])[1] + 120
        yield Line(label, kind, points, max(0.0, start), way, gaps=way == 0)


def _one_way(grid: Grid, rank: int, *, across: bool) -> int:
    """Downtown, couplets of streets run in opposite directions."""
    if grid is not DOWNTOWN:
        return 0
    couplets = {7: 1, 8: -1, 11: 1, 12: -1} if across else {13: 1, 14: -1, 19: -1, 20: 1}
    return couplets.get(rank, 0)


def _across_name(grid: Grid, j: int) -> str:
    if grid is EAST_SIDE:
        return f"{listed(SURNAMES, j)} Street"
    return f"{'East' if grid is DOWNTOWN else 'West'} {ordinal(max(1, j + 1))} Street"


def _up_name(grid: Grid, i: int) -> str:
    if grid is EAST_SIDE:
        return "{side} " + f"{ordinal(i + 1)} Street"
    return f"{listed(PRESIDENTS if grid is DOWNTOWN else TREES, i)} Avenue"


def _alleys(ring: Sequence[Point], grid: Grid, rng: Random) -> Iterator[Line]:
    a0, a1, b0, b1 = grid.reach(ring)
    for j in range(math.floor(b0 / grid.v), math.ceil(b1 / grid.v)):
        for i in range(math.floor(a0 / grid.u), math.ceil(a1 / grid.u)):
            ends = [grid.point((i + k) * grid.u, (j + 0.5) * grid.v) for k in (0, 1)]
            if rng.random() < 0.4 and all(inside(end, ring) for end in ends):  # noqa: PLR2004 - two blocks in five
                yield Line("", Kind.ALLEY, ends)
