"""The port of travel times: what the planner may ask of the streets, whoever answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from services.routing.domain.facts import UNREACHABLE
from shared.errors import TransientError
from shared.events.ids import AreaId

__all__ = ["UNREACHABLE", "Point", "TravelError", "TravelMatrix", "TravelTimes"]


class TravelError(TransientError):
    """The source of travel times is away or refused; the message says which and what to do."""


class Point(NamedTuple):
    """A place in WGS84 degrees."""

    lat: float
    lon: float


@dataclass(frozen=True, eq=False)
class TravelMatrix:
    """Driving from each origin (row) to each destination (column).

    Attributes:
        seconds: int32 [origins, destinations]; UNREACHABLE where no road leads; 0 from a place to itself.
        metres: int32 of the same shape, UNREACHABLE at the same pairs.
        estimated: bool of the same shape: True where the figure is a straight-line guess, not a way over streets.
    """

    seconds: NDArray[np.int32]
    metres: NDArray[np.int32]
    estimated: NDArray[np.bool_]

    def __post_init__(self) -> None:
        for array in (self.seconds, self.metres, self.estimated):
            array.flags.writeable = False

    @property
    def shape(self) -> tuple[int, int]:
        """Origins and destinations."""
        rows, columns = self.seconds.shape
        return rows, columns


class TravelTimes(Protocol):
    """Answers from one map, for the areas it knows."""

    async def matrix(
        self, area_id: AreaId, origins: Sequence[Point], destinations: Sequence[Point] | None = None
    ) -> TravelMatrix:
        """Return the driving times and distances between places.

        Args:
            area_id: the area whose streets are driven.
            origins: the rows.
            destinations: the columns; None: the origins again.

        Raises:
            TravelError: the source is away.
        """

    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        """Return the way through the points in their order as a polyline of six digits.

        None: there is no such way over streets (fewer than two points, no road, or only a guess is to be had).

        Raises:
            TravelError: the source is away.
        """
