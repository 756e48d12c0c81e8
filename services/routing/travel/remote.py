"""Travel times from an OSRM server somewhere else, over its HTTP interface (v1)."""

from collections.abc import Sequence
from typing import Any, override

import httpx
import numpy as np
from numpy.typing import NDArray

from services.routing.travel.osrm import guess_off_the_map
from services.routing.travel.osrm_engine import RoadTable
from services.routing.travel.port import UNREACHABLE, Point, TravelError, TravelMatrix, TravelTimes
from services.routing.travel.straight_line import StraightLine
from shared.events.ids import AreaId


class RemoteOsrm(TravelTimes):
    """Asks one server for every area; pairs with a place off its map get the straight line, flagged as estimated.

    Args:
        client: with the server's ``base_url`` and a timeout; closed by whoever made it.
        estimate: for places off the map.
        most_coordinates: the server's ``--max-table-size``; larger tables are asked for in parts.
    """

    def __init__(self, client: httpx.AsyncClient, estimate: StraightLine, most_coordinates: int = 100) -> None:
        self._client = client
        self._estimate = estimate
        self._side = most_coordinates // 2

    @override
    async def matrix(
        self,
        area_id: AreaId,
        origins: Sequence[Point],
        destinations: Sequence[Point] | None = None,
    ) -> TravelMatrix:
        """Return driving times and distances; see the port."""
        to = origins if destinations is None else destinations
        table = RoadTable.empty(len(origins), len(to))
        for top in range(0, len(origins), self._side):
            for left in range(0, len(to), self._side):
                rows, columns = slice(top, top + self._side), slice(left, left + self._side)
                answer = await self._table(origins[rows], to[columns])
                table.seconds[rows, columns] = _whole_numbers(answer["durations"])
                table.metres[rows, columns] = _whole_numbers(answer["distances"])
                table.origin_gaps[rows] = [place["distance"] for place in answer["sources"]]
                table.destination_gaps[columns] = [place["distance"] for place in answer["destinations"]]
        return guess_off_the_map(table, self._estimate.estimate(origins, to))

    @override
    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        """Return the way through the points; see the port."""
        if len(points) < 2:  # noqa: PLR2004 - a way has two ends
            return None
        options = {"overview": "full", "geometries": "polyline6", "continue_straight": "false"}
        answer = await self._get("route", points, options)
        return None if answer["code"] == "NoRoute" else str(answer["routes"][0]["geometry"])

    async def _table(self, origins: Sequence[Point], destinations: Sequence[Point]) -> dict[str, Any]:
        rows, everything = len(origins), len(origins) + len(destinations)
        options = {
            "annotations": "duration,distance",
            "sources": ";".join(map(str, range(rows))),
            "destinations": ";".join(map(str, range(rows, everything))),
        }
        return await self._get("table", [*origins, *destinations], options)

    async def _get(self, service: str, points: Sequence[Point], options: dict[str, str]) -> dict[str, Any]:
        where = ";".join(f"{point.lon:.6f},{point.lat:.6f}" for point in points)
        try:
            response = await self._client.get(f"/{service}/v1/driving/{where}", params=options)
            answer: dict[str, Any] = response.json()
            code = answer["code"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            message = (
                f"The OSRM server at {self._client.base_url} gave no usable answer ({type(error).__name__}). "
                "Check that it runs and that the address is the server's root."
            )
            raise TravelError(message) from error
        if code not in {"Ok", "NoRoute"}:
            message = f"The OSRM server at {self._client.base_url} refused: {answer.get('message', code)}."
            raise TravelError(message)
        return answer


def _whole_numbers(rows: Sequence[Sequence[float | None]]) -> NDArray[np.int32]:
    return np.rint([[UNREACHABLE if value is None else value for value in row] for row in rows]).astype(np.int32)
