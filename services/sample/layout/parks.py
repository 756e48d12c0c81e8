"""Parks and school grounds that take the place of a few blocks in the grids."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from services.sample.layout.districts import District
from services.sample.layout.geometry import Point, inside
from services.sample.layout.names import SURNAMES

_INSET = 9.0  # metres from the middle of the streets around
_BLOCKS_PER_PARK = 14


@dataclass(frozen=True)
class Park:
    """A green: its ring in plan metres and its OpenStreetMap tags."""

    ring: Sequence[Point]
    tags: dict[str, str]


def parks(found: Sequence[District], rng: Random) -> list[Park]:
    """Lay greens over a few blocks of every grid district that has room, aligned with its streets."""
    greens: list[Park] = []
    surnames = rng.sample(SURNAMES, len(SURNAMES))
    for district in found:
        for ring in _block_groups(district, rng):
            if surnames:
                name = surnames.pop()
                school = rng.random() < 0.35  # noqa: PLR2004 - a third of the greens are schools
                greens.append(Park(ring, _school(name) if school else _park(name)))
    return greens


def _block_groups(district: District, rng: Random) -> list[list[Point]]:
    grid = district.grid
    if grid is None:
        return []
    a0, a1, b0, b1 = grid.reach(district.ring)
    blocks = []
    for i in range(int(a0 // grid.u) + 1, int(a1 // grid.u) - 1):
        for j in range(int(b0 // grid.v) + 1, int(b1 // grid.v)):
            west, east = i * grid.u + _INSET, (i + 2) * grid.u - _INSET
            south, north = j * grid.v + _INSET, (j + 1) * grid.v - _INSET
            ring = [grid.point(*c) for c in ((west, south), (east, south), (east, north), (west, north))]
            if all(inside(corner, district.ring) for corner in ring):
                blocks.append(ring)
    return rng.sample(blocks, 1) if len(blocks) >= _BLOCKS_PER_PARK else []


def _park(name: str) -> dict[str, str]:
    return {"leisure": "park", "name": f"{name} Park"}


def _school(name: str) -> dict[str, str]:
    return {"amenity": "school", "name": f"{name} Elementary School"}
