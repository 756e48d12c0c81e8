"""What lies between the arterials: the kind of each district and its streets."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from services.sample.layout.geometry import Point, area, heart
from services.sample.layout.grids import DOWNTOWN, EAST_SIDE, WEST_SIDE, Grid, grid_lines
from services.sample.layout.names import StreetNames
from services.sample.layout.network import Line, Network, faces
from services.sample.layout.skeleton import HEIGHT, WIDTH, Skeleton
from services.sample.layout.suburbs import suburb_lines

_SMALLEST = 25_000.0  # square metres; a smaller face is a leftover between arterials
_BLANK_SHARE = 0.3  # of the outer districts that are farmland or woods
_WEST_END, _CLEVELAND, _EAST_END = 780.0, 5500.0, 6780.0  # x of the arterials between the kinds of district
_MARKET, _WYANDOT, _NORTHGATE = 2260.0, 4050.0, 5150.0  # y of others
_RIM = 900.0  # metres from the limits within which a district counts as outer


class Use(StrEnum):
    """What a district is, in the words of OpenStreetMap's landuse key where there is one."""

    DOWNTOWN = "retail"
    GRID = "residential, in blocks"
    SUBURB = "residential"
    INDUSTRY = "industrial"
    FARMLAND = "farmland"
    FOREST = "forest"
    PARK = "park"
    CORRIDOR = "river or freeway"


@dataclass(frozen=True)
class District:
    """One face between the arterials: its ring in plan metres, its use, its grid if it has one."""

    ring: Sequence[Point]
    use: Use
    grid: Grid | None = None


def districts(bones: Skeleton, network: Network, rng: Random) -> list[District]:
    """Give every face of the arterial `network` a use."""
    return [_district(ring, bones, rng) for ring in faces(network) if area(ring) > _SMALLEST]


def _district(ring: Sequence[Point], bones: Skeleton, rng: Random) -> District:
    x, y = middle = heart(ring)
    if bones.in_corridor(middle):
        return District(ring, Use.CORRIDOR)
    if y > bones.freeway_y(x) and (inner := _inner(middle, west=x < bones.river_x(y))):
        return District(ring, *inner)
    outer = min(x, y, WIDTH - x, HEIGHT - y) < _RIM
    if outer and rng.random() < _BLANK_SHARE:
        return District(ring, rng.choice((Use.FARMLAND, Use.FOREST, Use.PARK)))
    return District(ring, Use.SUBURB)


def _inner(middle: Point, *, west: bool) -> tuple[Use, Grid] | None:
    """Use and grid of the old city north of the freeway, None further out."""
    x, y = middle
    if not (_WEST_END < x < _EAST_END and y < _NORTHGATE):
        return None
    if west:
        return Use.GRID, WEST_SIDE
    if x < _CLEVELAND and y < _MARKET:
        return Use.INDUSTRY, EAST_SIDE
    return Use.GRID, DOWNTOWN if x < _CLEVELAND and y < _WYANDOT else EAST_SIDE


def district_lines(found: Sequence[District], bones: Skeleton, names: StreetNames, rng: Random) -> list[Line]:
    """The streets of all districts."""
    lines: list[Line] = []
    for district in found:
        if district.grid:
            sparse = district.use is Use.INDUSTRY
            lines += grid_lines(district.ring, district.grid, rng, every=3 if sparse else 1)
        elif district.use is Use.SUBURB:
            lines += suburb_lines(district.ring, bones.lines, names, rng)
    return lines
