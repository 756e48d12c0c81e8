"""Water, parks, land use and the city's name: what makes the map look like a city."""

import math
from collections.abc import Sequence
from random import Random

from services.sample.layout.districts import District, Use
from services.sample.layout.geometry import Point, ahead, heart, inside
from services.sample.layout.houses import DOWNTOWN_RADIUS
from services.sample.layout.plan import Plan
from services.sample.layout.skeleton import HEIGHT, MAIN_X, RIVER_BANK, STATE_Y, steps
from services.sample.osm.drawing import Degrees, Drawing

RIVER = "Little Heron River"
_LAND = {
    Use.GRID: {"landuse": "residential"},
    Use.SUBURB: {"landuse": "residential"},
    Use.DOWNTOWN: {"landuse": "retail"},
    Use.INDUSTRY: {"landuse": "industrial"},
    Use.FARMLAND: {"landuse": "farmland"},
    Use.FOREST: {"landuse": "forest"},
    Use.PARK: {"leisure": "park"},
    Use.CORRIDOR: {"landuse": "grass"},
}
_GREAT_PARKS = ("Heron Bend Metro Park", "Harlan Woods Park", "Prairie Oaks Park", "Mill Race Park", "Settlers Park")


def draw_scenery(drawing: Drawing, plan: Plan, city: str, rng: Random) -> None:
    """Add land use, parks, the river and the city's label."""
    names = list(_GREAT_PARKS)
    for district in plan.districts:
        tags = dict(_LAND[district.use])
        if district.use is Use.PARK and names:
            tags["name"] = names.pop(0)
        drawing.ring(_ring(plan, district.ring), tags)
        if district.use in {Use.PARK, Use.FOREST} and (shore := _pond(district, rng)):
            drawing.ring(_ring(plan, shore), {"natural": "water", "water": "pond"})
    core = [ahead((MAIN_X, STATE_Y), math.radians(15 * k), DOWNTOWN_RADIUS) for k in range(24)]
    drawing.ring(_ring(plan, core), _LAND[Use.DOWNTOWN])
    for park in plan.parks:
        drawing.ring(_ring(plan, park.ring), park.tags)
    _draw_river(drawing, plan)
    middle = plan.ground.degrees(plan.ground.bent((MAIN_X, STATE_Y)))
    drawing.node(middle, {"place": "city", "name": city, "population": "61200"})


def _ring(plan: Plan, ring: Sequence[Point]) -> list[Degrees]:
    closed = plan.ground.bent_line([*ring, ring[0]])
    return [plan.ground.degrees(point) for point in closed[:-1]]


def _pond(district: District, rng: Random) -> list[Point]:
    """A round-ish shore in the middle of a district; empty where the middle is not inside."""
    middle, radius, phase = heart(district.ring), rng.uniform(55, 95), rng.uniform(0, 2 * math.pi)
    shore = [
        ahead(middle, angle, radius * (1 + 0.3 * math.sin(2 * angle + phase)))
        for angle in (math.radians(15 * k) for k in range(24))
    ]
    return shore if all(inside(point, district.ring) for point in shore) else []


def _draw_river(drawing: Drawing, plan: Plan) -> None:
    x, ys = plan.bones.river_x, steps(0, HEIGHT)
    west = [(x(y) - RIVER_BANK, y) for y in ys]
    east = [(x(y) + RIVER_BANK, y) for y in reversed(ys)]
    drawing.ring(_ring(plan, [*west, *east]), {"natural": "water", "water": "river", "name": RIVER})
    middle = plan.ground.bent_line([(x(y), y) for y in reversed(ys)])
    nodes = [drawing.node(plan.ground.degrees(point)) for point in middle]
    drawing.way(nodes, {"waterway": "river", "name": RIVER})
