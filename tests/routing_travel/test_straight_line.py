import pytest

from services.routing.travel.port import Point
from services.routing.travel.straight_line import StraightLine, haversine_metres


def test_a_degree_of_latitude_is_111_195_metres() -> None:
    assert haversine_metres([Point(40, -83)], [Point(41, -83)])[0, 0] == pytest.approx(111_195, abs=1)


def test_a_degree_of_longitude_shrinks_with_latitude() -> None:
    assert haversine_metres([Point(60, 10)], [Point(60, 11)])[0, 0] == pytest.approx(55_597, abs=3)


def test_places_on_opposite_sides_of_the_globe_are_half_its_girth_apart() -> None:
    assert haversine_metres([Point(0, 0)], [Point(0, 180)])[0, 0] == pytest.approx(20_015_115, abs=1)


def test_the_guess_is_the_detour_driven_at_the_given_speed() -> None:
    answer = StraightLine(detour=2.0, metres_per_second=20.0).estimate([Point(40, -83)], [Point(41, -83)])
    assert answer.metres.tolist() == [[222_390]]
    assert answer.seconds.tolist() == [[11_120]]
