"""All in a box of 10 by 10 degrees; areas are reckoned by hand, clockwise rings counting as positive."""

from itertools import pairwise

import pytest

from services.board.sea import Box, Position, sea

BOX = Box(0, 0, 10, 10)


def area(ring: list[Position]) -> float:
    return sum((x2 - x1) * (y1 + y2) for (x1, y1), (x2, y2) in pairwise(ring)) / 2


@pytest.mark.parametrize(
    ("shore", "water"),
    [
        ([(5.0, -1.0), (5.0, 11.0)], 50),  # northward in the middle: the east is water
        ([(2.0, 11.0), (2.0, -1.0)], 20),  # southward: the west is
        ([(-1.0, 4.0), (11.0, 4.0)], 40),  # eastward: the south is
        ([(11.0, 4.0), (-1.0, 4.0)], 60),  # westward: the north is
        ([(10.0, 7.0), (7.0, 7.0), (7.0, 10.0)], 9),  # a bay in the north-eastern corner
        ([(7.0, 10.0), (7.0, 7.0), (10.0, 7.0)], 91),  # a cape there
        ([(4.0, -1.0), (4.0, 2.0), (6.0, 2.0), (6.0, -1.0)], 4),  # an inlet from the south
    ],
)
def test_the_water_is_on_the_right_of_the_shore(shore: list[Position], water: float) -> None:
    ((ring,),) = sea([shore], BOX, [])
    assert ring[0] == ring[-1]
    assert area(ring) == pytest.approx(water)


def test_a_strait_lies_between_its_two_shores() -> None:
    ((ring,),) = sea([[(4.0, -1.0), (4.0, 11.0)], [(6.0, 11.0), (6.0, -1.0)]], BOX, [])
    assert area(ring) == pytest.approx(20)


def test_land_between_two_seas_leaves_two_of_them() -> None:
    polygons = sea([[(4.0, 11.0), (4.0, -1.0)], [(6.0, -1.0), (6.0, 11.0)]], BOX, [])
    assert sorted(area(ring) for (ring,) in polygons) == [pytest.approx(40), pytest.approx(40)]


def test_ways_that_follow_each_other_are_one_shore_in_whatever_order_they_come() -> None:
    ways = [[(5.0, 5.0), (5.0, 11.0)], [(5.0, -1.0), (5.0, 2.0)], [(5.0, 2.0), (5.0, 5.0)]]
    ((ring,),) = sea(ways, BOX, [])
    assert area(ring) == pytest.approx(50)


def test_an_island_is_a_hole_in_the_sea_around_it() -> None:
    island = [(7.0, 4.0), (8.0, 4.0), (8.0, 5.0), (7.0, 5.0), (7.0, 4.0)]
    assert sea([[(5.0, -1.0), (5.0, 11.0)], island], BOX, []) == [
        [sea([[(5.0, -1.0), (5.0, 11.0)]], BOX, [])[0][0], island]
    ]


def test_an_island_alone_lies_in_water_up_to_the_edge() -> None:
    island = [(4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0), (4.0, 4.0)]
    ((ring, hole),) = sea([island], BOX, [])
    assert area(ring) == pytest.approx(100)
    assert hole == island


def test_an_island_cut_by_the_edge_leaves_the_rest_of_the_box_to_the_water() -> None:
    island = [(9.0, 4.0), (12.0, 4.0), (12.0, 6.0), (9.0, 6.0), (9.0, 4.0)]
    ((ring,),) = sea([island], BOX, [])
    assert area(ring) == pytest.approx(98)


def test_a_basin_with_the_water_inside_is_water() -> None:
    basin = [(4.0, 4.0), (4.0, 6.0), (6.0, 6.0), (6.0, 4.0), (4.0, 4.0)]
    assert sea([basin], BOX, []) == [[basin]]


def test_a_shore_that_ends_in_mid_map_makes_no_sea() -> None:
    assert sea([[(5.0, -1.0), (5.0, 6.0)]], BOX, []) == []


def test_a_sea_that_would_drown_the_streets_is_none() -> None:
    shore = [(5.0, -1.0), (5.0, 11.0)]
    assert sea([shore], BOX, [(7.0, 5.0)] * 50 + [(2.0, 5.0)] * 50) == []
    assert sea([shore], BOX, [(7.0, 5.0)] * 3 + [(2.0, 5.0)] * 97) != []


def test_without_a_coast_there_is_no_sea() -> None:
    assert sea([], BOX, [(1.0, 1.0)]) == []
    assert sea([[], [(5.0, 5.0)]], BOX, []) == []
    assert sea([[(20.0, 20.0), (20.0, 30.0)]], BOX, []) == []
