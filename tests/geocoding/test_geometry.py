import pytest

from services.geocoding.domain.geometry import bounds, cell_of, connected, contains, metres_between


def test_a_thousandth_of_a_degree_north_is_111_metres() -> None:
    assert metres_between(49.2, -123.1, 49.201, -123.1) == pytest.approx(111.3, abs=0.1)


def test_degrees_east_shrink_with_the_latitude() -> None:
    assert metres_between(60.0, 10.0, 60.0, 10.001) == pytest.approx(55.7, abs=0.1)


def test_a_box_contains_its_edge() -> None:
    box = bounds([(49.2, -123.1), (49.3, -123.2)])

    assert box == (-123.2, 49.2, -123.1, 49.3)
    assert contains(box, 49.2, -123.2)
    assert not contains(box, 49.19, -123.15)


def test_cells_that_touch_at_a_corner_are_one_group() -> None:
    assert connected([(0, 0), (1, 1), (5, 5)]) == {(0, 0): 0, (1, 1): 0, (5, 5): 1}


def test_cells_west_of_greenwich_are_numbered_downwards() -> None:
    assert cell_of(49.25, -123.05, 0.1) == (492, -1231)
