"""When the streets cannot be asked, a flagged guess is better than no plan."""

from collections.abc import Sequence
from typing import override

import structlog

from services.routing.travel.port import Point, TravelError, TravelMatrix, TravelTimes
from services.routing.travel.straight_line import StraightLine
from shared.events.ids import AreaId

log = structlog.get_logger(__name__)


class FallbackTravel(TravelTimes):
    """Asks the source; answers with the straight line, flagged, as long as the source is away.

    Pairs that the source calls unreachable stay unreachable: that is an answer, not an outage.
    """

    def __init__(self, source: TravelTimes, estimate: StraightLine) -> None:
        self._source = source
        self._estimate = estimate

    @override
    async def matrix(
        self, area_id: AreaId, origins: Sequence[Point], destinations: Sequence[Point] | None = None
    ) -> TravelMatrix:
        """Return the source's matrix, or the guess; see the port. Never raises TravelError."""
        try:
            return await self._source.matrix(area_id, origins, destinations)
        except TravelError as error:
            log.warning("estimate_travel_times", area_id=area_id, reason=str(error))
            return await self._estimate.matrix(area_id, origins, destinations)

    @override
    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        """Return the source's way, or None; see the port. Never raises TravelError."""
        try:
            return await self._source.geometry(area_id, points)
        except TravelError as error:
            log.warning("draw_straight_lines", area_id=area_id, reason=str(error))
            return None
