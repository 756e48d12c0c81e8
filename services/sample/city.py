"""Write the sample city: Harlan Mills, Ohio, which does not exist, as an OpenStreetMap extract."""

from pathlib import Path
from random import Random

from services.sample.layout.plan import planned
from services.sample.osm.buildings import draw_buildings
from services.sample.osm.drawing import Drawing
from services.sample.osm.roads import draw_roads
from services.sample.osm.scenery import draw_scenery

CITY, STATE, TIMEZONE = "Harlan Mills", "OH", "America/New_York"


def write_city(target: Path, seed: int) -> None:
    """Write a city of about 8 x 6 km as `.osm.pbf` to `target`; the same seed gives the same bytes.

    It has streets of every class, one-ways, a freeway with ramps, a river with few bridges, parks, buildings, more
    than ten thousand addresses in four ZIP codes, two laboratories and a base for the nurses. Every road can be driven
    to from every other.

    Raises:
        OSError: the file cannot be written.
    """
    rng = Random(seed)  # noqa: S311 - a city that can be drawn again, not a secret
    plan = planned(rng)
    drawing = Drawing()
    draw_roads(drawing, plan)
    draw_scenery(drawing, plan, CITY, rng)
    draw_buildings(drawing, plan, CITY, STATE)
    drawing.write(target)
