import pytest

from services.geocoding.domain.house_number import HouseNumber, house_number
from services.geocoding.domain.interpolate import KnownHouse, interpolate


def number(text: str) -> HouseNumber:
    read = house_number(text)
    assert read is not None
    return read


def house(value: int, east: float, prefix: int = -1, north: float = 0.0) -> KnownHouse:
    return KnownHouse(prefix, value, 49.2 + north, -123.1 + east / 1000)


def test_a_number_lies_between_its_neighbours_in_proportion() -> None:
    assert interpolate(number("104"), [house(100, 0), house(110, 1)]) == pytest.approx((49.2, -123.0996))


def test_its_own_side_of_the_street_is_believed_first() -> None:
    houses = [house(100, 0), house(110, 1), house(103, 0, north=1), house(105, 1, north=1)]

    assert interpolate(number("104"), houses) == pytest.approx((49.2, -123.0996))


def test_the_other_side_serves_where_its_own_is_unknown() -> None:
    assert interpolate(number("104"), [house(101, 0), house(107, 1)]) == pytest.approx((49.2, -123.0995))


def test_a_number_beyond_the_known_ones_is_not_placed() -> None:
    assert interpolate(number("112"), [house(100, 0), house(110, 1)]) is None


def test_a_gap_longer_than_a_block_is_not_bridged() -> None:
    assert interpolate(number("104"), [house(100, 0), house(110, 10)]) is None


def test_neighbours_share_the_number_before_the_hyphen() -> None:
    houses = [house(1, 0, prefix=219), house(9, 1, prefix=219), house(5, 0, prefix=220, north=1)]

    assert interpolate(number("219-05"), houses) == pytest.approx((49.2, -123.0995))
    assert interpolate(number("221-05"), houses) is None


def test_a_letter_stands_at_its_building() -> None:
    assert interpolate(number("12B"), [house(12, 1)]) == pytest.approx((49.2, -123.099))
