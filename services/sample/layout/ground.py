"""From the plan to the earth: a gentle warp, so that nothing is ruler-straight, then WGS84 degrees."""

import math
from collections.abc import Sequence
from random import Random

from services.sample.layout.geometry import Point, densified
from services.sample.layout.skeleton import HEIGHT, WIDTH

LATITUDE, LONGITUDE = 40.3050, -82.6050  # the middle of the city: open farmland in central Ohio
_METRES_PER_DEGREE = 111_195.0
_FINEST = 45.0  # metres between the points of a curve


class Ground:
    """Maps plan metres to bent metres and to degrees, both one-to-one: no street crosses another anew."""

    def __init__(self, rng: Random) -> None:
        self._phases = [rng.uniform(0, 2 * math.pi) for _ in range(4)]

    def bent(self, point: Point) -> Point:
        """The point after the warp, still in metres."""
        x, y = point
        a, b, c, d = self._phases
        return (
            x + 55 * math.sin(2 * math.pi * y / 3300 + a) + 14 * math.sin(2 * math.pi * (x + y) / 1500 + b),
            y + 55 * math.sin(2 * math.pi * x / 3900 + c) + 14 * math.sin(2 * math.pi * (x - y) / 1700 + d),
        )

    def bent_line(self, line: Sequence[Point]) -> list[Point]:
        """A line after the warp, with enough points to be smooth."""
        return [self.bent(point) for point in densified(line, _FINEST)]

    @staticmethod
    def degrees(point: Point) -> tuple[float, float]:
        """Longitude and latitude of a point in bent metres."""
        per_longitude = _METRES_PER_DEGREE * math.cos(math.radians(LATITUDE))
        longitude = LONGITUDE + (point[0] - WIDTH / 2) / per_longitude
        return longitude, LATITUDE + (point[1] - HEIGHT / 2) / _METRES_PER_DEGREE
