"""Houses with their addresses, and the places a nurse's day begins, ends or passes through."""

import math
from dataclasses import dataclass

from services.sample.layout.geometry import Point, towards
from services.sample.layout.houses import House
from services.sample.layout.plan import Plan
from services.sample.layout.skeleton import MAIN_X, STATE_Y
from services.sample.osm.drawing import Drawing


@dataclass(frozen=True)
class _Landmark:
    """A named place to be put into the house nearest to `near` (plan metres)."""

    near: Point
    tags: dict[str, str]


_LANDMARKS = (
    _Landmark(
        (MAIN_X + 420, STATE_Y + 260),
        {"healthcare": "laboratory", "name": "Harlan Mills Medical Laboratory", "opening_hours": "Mo-Fr 06:30-20:00"},
    ),
    _Landmark(
        (1850.0, 5000.0),
        {"healthcare": "laboratory", "name": "Northgate Diagnostics", "opening_hours": "Mo-Sa 07:00-19:00"},
    ),
    _Landmark(
        (4700.0, 2330.0), {"amenity": "clinic", "healthcare": "nurse", "name": "Harlan Mills Mobile Nursing Base"}
    ),
    _Landmark(
        (5750.0, 3900.0), {"amenity": "hospital", "healthcare": "hospital", "name": "Harlan County General Hospital"}
    ),
    _Landmark((MAIN_X - 90, STATE_Y - 120), {"amenity": "townhall", "name": "Harlan Mills City Hall"}),
    _Landmark((MAIN_X + 130, STATE_Y - 230), {"amenity": "library", "name": "Harlan Mills Public Library"}),
)


def draw_buildings(drawing: Drawing, plan: Plan, city: str, state: str) -> None:
    """Add every house as an outline with its address: on the outline, or on nodes inside for shops and flats."""
    landmarks = _placed(plan)
    for number, house in enumerate(plan.houses):
        address = {
            "addr:housenumber": str(house.number),
            "addr:street": house.street,
            "addr:city": city,
            "addr:state": state,
            "addr:postcode": house.postcode,
        }
        outline = [plan.ground.degrees(corner) for corner in house.outline()]
        landmark = landmarks.get(number)
        on_outline = house.building != "retail" and not landmark
        drawing.ring(outline, {"building": house.building} | (address if on_outline else {}))
        if not on_outline:
            drawing.node(plan.ground.degrees(house.middle), address | (landmark or {}))
        for place, flat in zip(_doors(house), house.flats, strict=True):
            drawing.node(plan.ground.degrees(place), address | {"addr:unit": flat})


def _doors(house: House) -> list[Point]:
    """One point for each flat, inside the outline."""
    first, second, third, fourth = house.outline()
    count = len(house.flats)
    shares = [(k + 0.5) / count for k in range(count)]
    return [towards(towards(first, second, s), towards(fourth, third, s), 0.35) for s in shares]


def _placed(plan: Plan) -> dict[int, dict[str, str]]:
    """The tags of each landmark by the position of the house it takes."""
    placed: dict[int, dict[str, str]] = {}
    for landmark in _LANDMARKS:
        goal = plan.ground.bent(landmark.near)
        free = (n for n, house in enumerate(plan.houses) if n not in placed and not house.flats)
        placed[min(free, key=lambda n: math.dist(plan.houses[n].middle, goal))] = landmark.tags
    return placed
