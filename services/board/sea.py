"""The sea, from the coast: OpenStreetMap draws the shore only, as lines with the water on their right.

The lines are joined, cut to the extract's box and closed along its edge: clockwise, as the water is on the right.
Where that cannot be done honestly (a shore that ends in mid-map, streets that would drown) there is no sea.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Position = tuple[float, float]
"""Longitude and latitude in WGS84 degrees."""
Polygon = list[list[Position]]
"""An outer ring and its holes; each ring ends where it begins."""

NEAR_THE_EDGE = 0.02
"""Of the box's size: a shore that ends so near the edge is taken to reach it."""
DROWNED = 0.05
"""Share of streets in the water above which the sea is a mistake; bridges, piers and tunnels stay below it."""


@dataclass(frozen=True, slots=True)
class Box:
    """West, south, east, north in WGS84 degrees."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, at: Position) -> bool:
        """Tell whether a position lies in the box."""
        return self.west <= at[0] <= self.east and self.south <= at[1] <= self.north

    def along(self, at: Position) -> float:
        """Return how far along the edge the nearest place on it is: clockwise from the south-west, 0 to 4."""
        right, up = self._share(at)
        gaps = (right, 1 - up, 1 - right, up)
        side = gaps.index(min(gaps))
        return side + (up, right, 1 - up, 1 - right)[side]

    def on_edge(self, along: float) -> Position:
        """Return the place on the edge, the inverse of ``along``."""
        side, rest = int(along) % 4, along % 1
        right = (0.0, rest, 1.0, 1 - rest)[side]
        up = (rest, 1.0, 1 - rest, 0.0)[side]
        return self.west + right * (self.east - self.west), self.south + up * (self.north - self.south)

    def from_edge(self, at: Position) -> float:
        """Return how far inside the box a position is, as a share of the box's size."""
        right, up = self._share(at)
        return min(right, 1 - right, up, 1 - up)

    def _share(self, at: Position) -> Position:
        return (at[0] - self.west) / (self.east - self.west), (at[1] - self.south) / (self.north - self.south)


def sea(shores: Sequence[Sequence[Position]], box: Box, streets: Sequence[Position]) -> list[Polygon]:
    """Return the water of a box.

    Args:
        shores: coastline ways, in the direction they are drawn.
        box: of the extract.
        streets: places on roads, to see whether the sea would drown them.
    """
    rings, pieces = [], []
    for chain in _joined(shores):
        if chain[0] == chain[-1] and all(box.holds(at) for at in chain):
            rings.append(chain)
        else:
            pieces += _cut(chain, box)
    if any(box.from_edge(end) > NEAR_THE_EDGE for piece in pieces for end in (piece[0], piece[-1])):
        return []
    basins = _closed(pieces, box) + [ring for ring in rings if _turns_right(ring)]
    islands = [ring for ring in rings if not _turns_right(ring)]
    if islands and not basins:
        basins = [[box.on_edge(corner) for corner in (0, 1, 2, 3, 0)]]
    polygons = [[basin, *(ring for ring in islands if _inside(basin, [ring[0]])[0])] for basin in basins]
    return [] if _drowned(polygons, streets) > DROWNED else polygons


def _joined(shores: Sequence[Sequence[Position]]) -> list[list[Position]]:
    """Put ways together that end where another begins."""
    following = {shore[0]: shore for shore in shores if len(shore) > 1}
    firsts = set(following) - {shore[-1] for shore in following.values()}
    chains = []
    for first in (*firsts, *following):  # what is left after the open chains are rings
        chain: list[Position] = [first]
        while (shore := following.pop(chain[-1], None)) is not None:
            chain += shore[1:]
        if len(chain) > 1:
            chains.append(chain)
    return chains


def _cut(chain: list[Position], box: Box) -> list[list[Position]]:
    """Return the parts of a line that lie in the box, with the places where it crosses the edge."""
    if chain[0] == chain[-1]:
        outside = next(i for i, at in enumerate(chain) if not box.holds(at))
        chain = chain[outside:-1] + chain[: outside + 1]
    pieces: list[list[Position]] = []
    for start, end in pairwise(chain):
        part = _clip(start, end, box)
        if part is None:
            continue
        if pieces and pieces[-1][-1] == part[0]:
            pieces[-1].append(part[1])
        else:
            pieces.append(list(part))
    return pieces


def _clip(start: Position, end: Position, box: Box) -> tuple[Position, Position] | None:
    """Return the part of a segment that lies in the box (Liang and Barsky)."""
    east, north = end[0] - start[0], end[1] - start[1]
    enters, leaves = 0.0, 1.0
    for step, room in (
        (-east, start[0] - box.west),
        (east, box.east - start[0]),
        (-north, start[1] - box.south),
        (north, box.north - start[1]),
    ):
        if step == 0 and room < 0:
            return None
        if step < 0:
            enters = max(enters, room / step)
        elif step > 0:
            leaves = min(leaves, room / step)
    if enters >= leaves:
        return None
    first = start if enters == 0 else (start[0] + enters * east, start[1] + enters * north)
    last = end if leaves == 1 else (start[0] + leaves * east, start[1] + leaves * north)
    return first, last


def _closed(pieces: list[list[Position]], box: Box) -> list[list[Position]]:
    """Join each piece's end, clockwise along the edge, to the piece that begins next."""
    begins = {box.along(piece[0]): piece for piece in pieces}
    rings = []
    while begins:
        first = min(begins)
        ring, at = [], first
        while at in begins:
            piece = begins.pop(at)
            ring += piece
            leaves = box.along(piece[-1])
            at = min((*begins, first), key=lambda begin: (begin - leaves) % 4)
            ring += _corners(leaves, at, box)
        rings.append([*ring, ring[0]])
    return rings


def _corners(leaves: float, arrives: float, box: Box) -> list[Position]:
    """Return the box's corners between two places on its edge, clockwise."""
    last = arrives if arrives >= leaves else arrives + 4
    return [box.on_edge(corner) for corner in range(int(leaves) + 1, int(last) + 1)]


def _turns_right(ring: list[Position]) -> bool:
    return sum((end[0] - start[0]) * (end[1] + start[1]) for start, end in pairwise(ring)) > 0


def _inside(ring: list[Position], places: Sequence[Position]) -> NDArray[np.bool_]:
    """Tell which places lie in a ring: a line eastward crosses it an odd number of times."""
    x, y = np.asarray(places, dtype=np.float64).reshape(-1, 2).T[:, :, None]
    start, end = np.asarray(ring[:-1]), np.asarray(ring[1:])
    crossed = (start[:, 1] > y) != (end[:, 1] > y)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    east_of = x < start[:, 0] + (y - start[:, 1]) / rise * (end[:, 0] - start[:, 0])
    odd: NDArray[np.bool_] = (crossed & east_of).sum(axis=1) % 2 == 1
    return odd


def _drowned(polygons: list[Polygon], streets: Sequence[Position]) -> float:
    """Return the share of streets that lie in the water."""
    if not polygons or not streets:
        return 0.0
    some = streets[:: max(1, len(streets) // 500)]
    wet = np.zeros(len(some), dtype=np.bool_)
    for outer, *holes in polygons:
        in_water = _inside(outer, some)
        for hole in holes:
            in_water &= ~_inside(hole, some)
        wet |= in_water
    return float(wet.mean())
