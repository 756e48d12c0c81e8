import math

import pytest

from services.sample.layout.geometry import (
    SegmentIndex,
    area,
    at,
    chainages,
    clip,
    crossing,
    densified,
    heart,
    inside,
    nearest_on,
)

SQUARE = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]


def test_segments_cross_at_the_share_of_each() -> None:
    assert crossing(((0, 0), (10, 0)), ((4, -2), (4, 6))) == pytest.approx((0.4, 0.25))


def test_parallel_and_distant_segments_do_not_cross() -> None:
    assert crossing(((0, 0), (10, 0)), ((0, 1), (10, 1))) is None
    assert crossing(((0, 0), (10, 0)), ((4, 1), (4, 6))) is None


def test_slack_lets_an_end_that_falls_short_touch() -> None:
    assert crossing(((0, 0), (10, 0)), ((4, 0.2), (4, 6)), slack=0.3) == pytest.approx((0.4, 0.0))


def test_a_line_is_clipped_to_its_pieces_inside() -> None:
    assert clip([(-5, 5), (15, 5), (15, 8), (5, 8)], SQUARE) == [
        [(0.0, 5.0), (10.0, 5.0)],
        [(10.0, 8.0), (5.0, 8.0)],
    ]


def test_a_line_outside_leaves_nothing() -> None:
    assert clip([(-5, 15), (15, 15)], SQUARE) == []


def test_inside_area_and_heart_of_a_square() -> None:
    assert inside((3, 3), SQUARE)
    assert not inside((13, 3), SQUARE)
    assert area(SQUARE) == 100
    assert area(SQUARE[::-1]) == -100
    assert heart(SQUARE) == (5, 5)


def test_a_point_along_a_line_comes_with_the_heading_there() -> None:
    line = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]
    assert at(line, chainages(line), 12) == ((10, 2), math.pi / 2)


def test_densified_keeps_ends_and_corners() -> None:
    assert densified([(0, 0), (10, 0), (10, 4)], 5) == [(0, 0), (5, 0), (10, 0), (10, 4)]


def test_the_nearest_point_of_a_segment_may_be_its_end() -> None:
    assert nearest_on(((0, 0), (10, 0)), (4, 3)) == (4, 0)
    assert nearest_on(((0, 0), (10, 0)), (-4, 3)) == (0, 0)


def test_the_index_finds_what_is_near_and_only_that() -> None:
    index = SegmentIndex(cell=20)
    index.add([(0, 0), (100, 0)], tag=1)
    index.add([(0, 90), (100, 90)], tag=2)
    assert {(away, tag) for away, _, tag in index.near((50, 8), 10)} == {(8.0, 1)}
