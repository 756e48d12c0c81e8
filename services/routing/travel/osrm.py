"""Travel times from the area's own road graph."""

from collections.abc import Callable, Sequence
from typing import override

import numpy as np

from services.routing.travel.graphs import Graph
from services.routing.travel.osrm_engine import OsrmEngine, RoadTable
from services.routing.travel.port import Point, TravelMatrix, TravelTimes
from services.routing.travel.straight_line import StraightLine
from shared.events.ids import AreaId

OFF_THE_MAP_METRES = 1_000.0
"""A place farther than this from any road of the graph is not on the map: its roads are outside the extract."""


class OsrmTravel(TravelTimes):
    """Asks the OSRM process; pairs with a place off the map get the straight line, flagged as estimated."""

    def __init__(self, engine: OsrmEngine, graphs: Callable[[AreaId], Graph], estimate: StraightLine) -> None:
        self._engine = engine
        self._graphs = graphs
        self._estimate = estimate

    @override
    async def matrix(
        self, area_id: AreaId, origins: Sequence[Point], destinations: Sequence[Point] | None = None
    ) -> TravelMatrix:
        """Return driving times and distances; see the port."""
        to = origins if destinations is None else destinations
        if not origins or not to:
            return self._estimate.estimate(origins, to)
        table = await self._engine.table(self._graphs(area_id), origins, to)
        return guess_off_the_map(table, self._estimate.estimate(origins, to))

    @override
    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        """Return the way through the points; see the port."""
        if len(points) < 2:  # noqa: PLR2004 - a way has two ends
            return None
        way = await self._engine.route(self._graphs(area_id), points)
        return None if way is None else way.polyline


def guess_off_the_map(table: RoadTable, guess: TravelMatrix) -> TravelMatrix:
    """Return the table with the guess, flagged, wherever a place is off the map."""
    off_map = (table.origin_gaps > OFF_THE_MAP_METRES)[:, None] | (table.destination_gaps > OFF_THE_MAP_METRES)
    return TravelMatrix(
        seconds=np.where(off_map, guess.seconds, table.seconds),
        metres=np.where(off_map, guess.metres, table.metres),
        estimated=off_map,
    )
