import pytest

from services.geocoding.domain.house_number import house_number, signed_numbers


@pytest.mark.parametrize(
    ("written", "key", "stem", "prefix", "value"),
    [
        ("12", "12", "12", None, 12),
        ("0012", "12", "12", None, 12),
        ("12A", "12a", "12", None, 12),
        ("12 1/2", "12 1/2", "12", None, 12),
        ("12-1/2", "12 1/2", "12", None, 12),
        ("12½", "12 1/2", "12", None, 12),
        ("219-21", "219-21", "219-21", 219, 21),
        ("219 - 21A", "219-21a", "219-21", 219, 21),
        ("88-05", "88-05", "88-05", 88, 5),
    ],
)
def test_a_house_number_is_read(written: str, key: str, stem: str, prefix: int | None, value: int) -> None:
    number = house_number(written)

    assert number is not None
    assert (number.key, number.stem, number.prefix, number.value) == (key, stem, prefix, value)


@pytest.mark.parametrize("written", ["", "Oak", "A", "12 Oak", "1-2-3", "12AB"])
def test_what_is_no_house_number_is_none(written: str) -> None:
    assert house_number(written) is None


@pytest.mark.parametrize(
    ("written", "hyphenated", "keys"),
    [
        ("219-21", True, ["219-21"]),
        ("21921", True, ["21921", "219-21"]),
        ("421", True, ["421"]),
        ("305-1335", False, ["305-1335", "1335"]),
        ("100-110", False, ["100-110", "100"]),
        ("1335", False, ["1335"]),
    ],
)
def test_a_number_is_reread_by_the_custom_of_the_area(written: str, *, hyphenated: bool, keys: list[str]) -> None:
    number = house_number(written)

    assert number is not None
    assert [reading.key for reading in number.readings(hyphenated=hyphenated)] == keys


@pytest.mark.parametrize(
    ("tagged", "hyphenated", "keys"),
    [
        ("12;14", False, ["12", "14"]),
        ("12, 14", False, ["12", "14"]),
        ("10500/10506", False, ["10500", "10506"]),
        ("100-106", False, ["100-106", "100", "102", "104", "106"]),
        ("7-9", False, ["7-9", "7", "9"]),
        ("305-1335", False, ["305-1335", "1335"]),
        ("219-21", True, ["219-21"]),
        ("#3 1335", False, ["1335"]),
        ("12 1/2", False, ["12 1/2"]),
        ("bici", False, []),
    ],
)
def test_a_tag_stands_for_every_number_of_the_building(tagged: str, *, hyphenated: bool, keys: list[str]) -> None:
    assert [number.key for number in signed_numbers(tagged, hyphenated=hyphenated)] == keys
