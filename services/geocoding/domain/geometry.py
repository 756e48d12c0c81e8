"""Distances and neighbourhoods on the map, good to a per mille at the size of a metro."""

from collections.abc import Iterable, Iterator
from math import cos, hypot, radians

type Bbox = tuple[float, float, float, float]
"""West, south, east, north in WGS84 degrees."""

METRES_PER_DEGREE = 111_320.0


def metres_between(lat: float, lon: float, other_lat: float, other_lon: float) -> float:
    """Return the distance of two points that lie near each other (equirectangular)."""
    east = (other_lon - lon) * cos(radians((lat + other_lat) / 2))
    return hypot(other_lat - lat, east) * METRES_PER_DEGREE


def contains(bbox: Bbox, lat: float, lon: float) -> bool:
    """Tell whether a point lies in a box, its edge included."""
    west, south, east, north = bbox
    return south <= lat <= north and west <= lon <= east


def bounds(points: Iterable[tuple[float, float]]) -> Bbox:
    """Return the smallest box around points given as (lat, lon).

    Raises:
        ValueError: there are no points.
    """
    lats, lons = zip(*points, strict=True)
    return min(lons), min(lats), max(lons), max(lats)


type Cell = tuple[int, int]


def cell_of(lat: float, lon: float, size: float) -> Cell:
    """Return the cell of a grid of ``size`` degrees in which a point lies."""
    return int(lat // size), int(lon // size)


def around(cell: Cell) -> Iterator[Cell]:
    """Yield a cell and its eight neighbours."""
    row, column = cell
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            yield row + down, column + right


def connected(cells: Iterable[Cell]) -> dict[Cell, int]:
    """Number the groups of cells that touch each other, corners included; from 0, in order of first appearance."""
    left = dict.fromkeys(cells)
    groups: dict[Cell, int] = {}
    number = 0
    for start in tuple(left):
        if start in groups:
            continue
        reached = [start]
        groups[start] = number
        while reached:
            for neighbour in around(reached.pop()):
                if neighbour in left and neighbour not in groups:
                    groups[neighbour] = number
                    reached.append(neighbour)
        number += 1
    return groups
