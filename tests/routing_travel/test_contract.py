"""What every source of travel times must hold, whoever answers; the figures are reckoned by hand from the town."""

from collections.abc import Callable

import numpy as np
import pytest

from services.routing.travel.port import UNREACHABLE, TravelTimes
from shared.events.ids import AreaId
from tests.routing_travel.conftest import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

AREA = AreaId("town")
ALL = ["osrm", "remote", "cached", "fallback", "straight"]
ROADS = ["osrm", "remote", "cached", "fallback"]

Make = Callable[[str], TravelTimes]


@pytest.mark.parametrize("name", ALL)
async def test_rows_are_origins_and_columns_destinations(name: str, make_travel: Make, town: Town) -> None:
    answer = await make_travel(name).matrix(AREA, town.corners[:5], town.corners[:12])
    assert answer.shape == (5, 12)
    assert answer.seconds.shape == answer.metres.shape == answer.estimated.shape
    assert answer.seconds.dtype == answer.metres.dtype == np.int32
    assert answer.estimated.dtype == np.bool_


@pytest.mark.parametrize("name", ALL)
async def test_without_destinations_it_is_the_square_with_a_diagonal_of_zeros(
    name: str, make_travel: Make, town: Town
) -> None:
    answer = await make_travel(name).matrix(AREA, town.corners)
    assert answer.shape == (36, 36)
    assert not answer.seconds.diagonal().any()
    assert not answer.metres.diagonal().any()


@pytest.mark.parametrize("name", ALL)
async def test_a_part_of_a_table_equals_the_same_part_asked_alone(name: str, make_travel: Make, town: Town) -> None:
    travel = make_travel(name)
    part = await travel.matrix(AREA, town.corners[3:5], town.corners[10:30])
    whole = await travel.matrix(AREA, town.corners)
    assert (part.seconds == whole.seconds[3:5, 10:30]).all()
    assert (part.metres == whole.metres[3:5, 10:30]).all()


@pytest.mark.parametrize("name", ALL)
async def test_an_answer_cannot_be_changed_by_whoever_gets_it(name: str, make_travel: Make, town: Town) -> None:
    answer = await make_travel(name).matrix(AREA, town.corners[:2])
    with pytest.raises(ValueError, match="read-only"):
        answer.seconds[0, 1] = 1


@pytest.mark.parametrize("name", ALL)
async def test_no_places_make_an_empty_table(name: str, make_travel: Make, town: Town) -> None:
    travel = make_travel(name)
    assert (await travel.matrix(AREA, [])).shape == (0, 0)
    assert (await travel.matrix(AREA, town.corners[:3], [])).shape == (3, 0)
    assert (await travel.matrix(AREA, [], town.corners[:3])).shape == (0, 3)


@pytest.mark.parametrize("name", ALL)
async def test_one_place_has_no_way(name: str, make_travel: Make, town: Town) -> None:
    assert await make_travel(name).geometry(AREA, town.corners[:1]) is None


@pytest.mark.parametrize("name", ROADS)
async def test_distances_are_those_of_the_streets(name: str, make_travel: Make, town: Town) -> None:
    answer = await make_travel(name).matrix(AREA, [town.corner(2, 0)], [town.corner(2, 3), town.corner(5, 3)])
    east_three, north_three = 664, 667
    assert answer.metres.tolist() == [
        [pytest.approx(east_three, abs=3), pytest.approx(east_three + north_three, abs=6)]
    ]
    assert not answer.estimated.any()


@pytest.mark.parametrize("name", ROADS)
async def test_a_one_way_street_makes_the_way_back_longer(name: str, make_travel: Make, town: Town) -> None:
    west, east = town.corner(0, 0), town.corner(0, 1)
    answer = await make_travel(name).matrix(AREA, [west, east])
    one_block, three_blocks = 221, 666
    assert answer.metres[0, 1] == pytest.approx(one_block, abs=3)
    assert answer.metres[1, 0] == pytest.approx(three_blocks, abs=6)
    assert answer.seconds[1, 0] > 2 * answer.seconds[0, 1]


@pytest.mark.parametrize("name", ROADS)
async def test_where_no_road_leads_the_pair_is_unreachable_in_both_tables(
    name: str, make_travel: Make, town: Town
) -> None:
    travel = make_travel(name)
    answer = await travel.matrix(AREA, [town.corner(3, 3), town.island])
    expected = [[0, UNREACHABLE], [UNREACHABLE, 0]]
    assert answer.seconds.tolist() == answer.metres.tolist() == expected
    assert not answer.estimated.any()
    assert await travel.geometry(AREA, [town.corner(3, 3), town.island]) is None


@pytest.mark.parametrize("name", ROADS)
async def test_a_place_off_the_map_gets_a_guess_that_says_so(name: str, make_travel: Make, town: Town) -> None:
    travel = make_travel(name)
    answer = await travel.matrix(AREA, [town.corner(0, 0), town.corner(5, 0), town.abroad])
    assert answer.estimated.tolist() == [[False, False, True], [False, False, True], [True, True, True]]
    half_a_degree_with_detour = 75_058
    assert answer.metres[0, 2] == answer.metres[2, 0] == pytest.approx(half_a_degree_with_detour, abs=5)
    assert answer.seconds[0, 2] == pytest.approx(half_a_degree_with_detour / 10, abs=1)


@pytest.mark.parametrize("name", ROADS)
async def test_a_way_is_a_polyline_of_six_digits(name: str, make_travel: Make, town: Town) -> None:
    # By the published algorithm, from the corners (2, 0) and (2, 1): 40.004, -83.0 and 40.004, -82.9974.
    assert await make_travel(name).geometry(AREA, [town.corner(2, 0), town.corner(2, 1)]) == "_yshkA~j|h}C?oaD"


async def test_a_straight_line_is_the_same_both_ways(make_travel: Make, town: Town) -> None:
    answer = await make_travel("straight").matrix(AREA, town.corners)
    assert (answer.seconds == answer.seconds.T).all()
    assert answer.estimated.all()
