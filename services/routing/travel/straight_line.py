"""Travel guessed from the straight line: for places off the map, and for when the road graph is away.

The defaults come from OSRM over four extracts, 10,000 pairs of street places each (median detour; metres a second by
road): Queens Village 1.35, 13.2; Vancouver 1.25, 10.4; San Francisco downtown 1.43, 9.7; Columbus 1.35, 13.9 (9.5 for
pairs below 3 km). Visits of one round lie near each other, so the speed is the one of short ways.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import override

import numpy as np
from numpy.typing import NDArray

from services.routing.travel.port import Point, TravelMatrix, TravelTimes
from shared.events.ids import AreaId

EARTH_RADIUS_METRES = 6_371_008.8
"""Mean radius (IUGG R1)."""


def haversine_metres(origins: Sequence[Point], destinations: Sequence[Point]) -> NDArray[np.float64]:
    """Return great-circle distances, float64 [origins, destinations]."""
    start = np.radians(np.asarray(origins, dtype=np.float64).reshape(-1, 2))
    end = np.radians(np.asarray(destinations, dtype=np.float64).reshape(-1, 2))
    lat, lon = start[:, None, 0], start[:, None, 1]
    to_lat, to_lon = end[None, :, 0], end[None, :, 1]
    half_chord = np.sin((to_lat - lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((to_lon - lon) / 2) ** 2
    distances: NDArray[np.float64] = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.clip(half_chord, 0.0, 1.0)))
    return distances


@dataclass(frozen=True, slots=True)
class StraightLine(TravelTimes):
    """The straight line × ``detour``, driven at ``metres_per_second``; every figure is flagged as estimated."""

    detour: float = 1.35
    metres_per_second: float = 10.0

    def estimate(self, origins: Sequence[Point], destinations: Sequence[Point]) -> TravelMatrix:
        """Return the guess for every pair."""
        metres = haversine_metres(origins, destinations) * self.detour
        return TravelMatrix(
            seconds=np.rint(metres / self.metres_per_second).astype(np.int32),
            metres=np.rint(metres).astype(np.int32),
            estimated=np.ones(metres.shape, dtype=np.bool_),
        )

    @override
    async def matrix(
        self,
        area_id: AreaId,
        origins: Sequence[Point],
        destinations: Sequence[Point] | None = None,
    ) -> TravelMatrix:
        """Return the guess for every pair; see the port."""
        return self.estimate(origins, origins if destinations is None else destinations)

    @override
    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        """Return None: a straight line is not a way over streets."""
        return None
