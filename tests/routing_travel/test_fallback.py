from collections.abc import Sequence
from typing import override

import pytest

from services.routing.travel.fallback import FallbackTravel
from services.routing.travel.port import Point, TravelError, TravelMatrix, TravelTimes
from services.routing.travel.straight_line import StraightLine
from shared.events.ids import AreaId

PLACES = [Point(40.0, -83.0), Point(40.01, -83.0)]


class Away(TravelTimes):
    @override
    async def matrix(
        self, area_id: AreaId, origins: Sequence[Point], destinations: Sequence[Point] | None = None
    ) -> TravelMatrix:
        raise TravelError("it is away")

    @override
    async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
        raise TravelError("it is away")


async def test_while_the_source_is_away_every_pair_is_a_flagged_guess() -> None:
    answer = await FallbackTravel(Away(), StraightLine()).matrix(AreaId("x"), PLACES)
    assert answer.estimated.all()
    assert answer.metres.tolist() == [[0, 1501], [1501, 0]]


async def test_while_the_source_is_away_there_is_no_way_to_draw() -> None:
    assert await FallbackTravel(Away(), StraightLine()).geometry(AreaId("x"), PLACES) is None


async def test_errors_of_another_kind_are_not_hidden() -> None:
    class Broken(Away):
        @override
        async def geometry(self, area_id: AreaId, points: Sequence[Point]) -> str | None:
            raise ValueError("a mistake in the program")

    with pytest.raises(ValueError, match="mistake"):
        await FallbackTravel(Broken(), StraightLine()).geometry(AreaId("x"), PLACES)
