"""Travel times kept in memory, so that one more visit on a day of 500 costs one row and one column.

For each area there is a square of pairs over the places seen lately. Nothing is written to disk: filling it again
takes OSRM a second, and the places are people's homes.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import override

import numpy as np
from numpy.typing import NDArray

from services.routing.travel.port import Point, TravelMatrix, TravelTimes
from shared.events.ids import AreaId

DIGITS = 5
"""Places closer than 1e-5 degrees (a metre) are one place."""
FIRST_CAPACITY = 64
UNKNOWN = -1

Indices = NDArray[np.intp]


class CachedTravel(TravelTimes):
    """Keeps the pairs of up to ``most_places`` places an area; the longest unused make room for new ones.

    Args:
        source: asked for what is not kept.
        version: of an area's map; when it changes, what was kept is dropped.
        most_places: a full square takes 9 bytes × ``most_places``² (36 MB for 2,000). A question with more places
            than that goes to the source and is not kept.
    """

    def __init__(self, source: TravelTimes, version: Callable[[AreaId], str], most_places: int = 2_000) -> None:
        self._source = source
        self._version = version
        self._most = most_places
        self._squares: dict[AreaId, tuple[str, PairSquare]] = {}

    @override
    async def matrix(
        self, area_id: AreaId, origins: Sequence[Point], destinations: Sequence[Point] | None = None
    ) -> TravelMatrix:
        """Return driving times and distances; see the port."""
        rows = [_rounded(point) for point in origins]
        columns = rows if destinations is None else [_rounded(point) for point in destinations]
        if len({*rows, *columns}) > self._most:
            return await self._source.matrix(area_id, rows, columns)
        square = self._square(area_id)
        seconds, metres, estimated = square.read(rows, columns)
        for part in uncovered(seconds == UNKNOWN):
            some_rows, some_columns = [rows[i] for i in part[0]], [columns[j] for j in part[1]]
            answer = await self._source.matrix(area_id, some_rows, some_columns)
            square.write(some_rows, some_columns, answer)
            tile = np.ix_(*part)
            seconds[tile], metres[tile], estimated[tile] = answer.seconds, answer.metres, answer.estimated
        return TravelMatrix(seconds, metres, estimated)

    @override
    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        """Return the source's way; see the port."""
        return await self._source.geometry(area_id, points)

    def _square(self, area_id: AreaId) -> "PairSquare":
        version = self._version(area_id)
        kept = self._squares.get(area_id)
        if kept is None or kept[0] != version:
            kept = self._squares[area_id] = (version, PairSquare(self._most))
        return kept[1]


class PairSquare:
    """Figures for pairs of at most ``most`` places, each with its row and column in arrays that grow by doubling."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._place: dict[Point, int] = {}  # the longest unused first
        self._seconds = np.full((0, 0), UNKNOWN, dtype=np.int32)
        self._metres = self._seconds.copy()
        self._estimated = np.zeros((0, 0), dtype=np.bool_)

    def __len__(self) -> int:
        return len(self._place)

    def read(
        self, origins: Sequence[Point], destinations: Sequence[Point]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
        """Return copies of seconds, metres and flags; pairs that are not kept are UNKNOWN."""
        tile = self._tile(origins, destinations)
        return self._seconds[tile], self._metres[tile], self._estimated[tile]

    def write(self, origins: Sequence[Point], destinations: Sequence[Point], figures: TravelMatrix) -> None:
        """Keep the figures of every pair."""
        tile = self._tile(origins, destinations)
        self._seconds[tile] = figures.seconds
        self._metres[tile] = figures.metres
        self._estimated[tile] = figures.estimated

    def _tile(self, origins: Sequence[Point], destinations: Sequence[Point]) -> tuple[Indices, ...]:
        self._make_places({*origins, *destinations})
        return np.ix_(
            np.array([self._place[point] for point in origins], dtype=np.intp),
            np.array([self._place[point] for point in destinations], dtype=np.intp),
        )

    def _make_places(self, points: set[Point]) -> None:
        for point in points & self._place.keys():
            self._place[point] = self._place.pop(point)
        for point in points - self._place.keys():
            if len(self._place) < self._most:
                index = len(self._place)
            else:
                index = self._place.pop(next(iter(self._place)))
                self._seconds[index, :] = self._seconds[:, index] = UNKNOWN
            self._place[point] = index
        self._grow(len(self._place))

    def _grow(self, places: int) -> None:
        held = len(self._seconds)
        if places <= held:
            return
        more = (0, min(self._most, max(FIRST_CAPACITY, 2 * held, places)) - held)
        self._seconds = np.pad(self._seconds, more, constant_values=UNKNOWN)
        self._metres = np.pad(self._metres, more, constant_values=UNKNOWN)
        self._estimated = np.pad(self._estimated, more)


def uncovered(missing: NDArray[np.bool_]) -> Iterator[tuple[Indices, Indices]]:
    """Cut what is missing of a table into at most two parts, each as indices of rows and columns.

    The first part are the rows that are mostly missing, the second what is then left: for new places in a square that
    is their rows, then their columns.
    """
    rest = missing.copy()
    rows = np.flatnonzero(missing.sum(axis=1) * 2 > missing.shape[1])
    for some_rows in (rows, np.arange(len(missing))):
        part = rest[some_rows]
        if part.any():
            yield some_rows[part.any(axis=1)], np.flatnonzero(part.any(axis=0))
        rest[some_rows] = False


def _rounded(point: Point) -> Point:
    return Point(round(point.lat, DIGITS), round(point.lon, DIGITS))
