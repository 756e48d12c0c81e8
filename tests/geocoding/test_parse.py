import pytest

from services.geocoding.domain.address import AddressQuery, ParsedAddress
from services.geocoding.domain.area import AreaProfile
from services.geocoding.domain.parse import readings


def first(line: str, area: AreaProfile) -> ParsedAddress:
    return readings(AddressQuery(line), area)[0]


@pytest.mark.parametrize(
    ("line", "number", "street", "unit"),
    [
        ("100 Main Street", "100", "main st", ""),
        ("100 Main St Apt 3B", "100", "main st", "apt 3b"),
        ("100 Main St, Apt. 3-C", "100", "main st", "apt 3 c"),
        ("100 Main St #4", "100", "main st", "4"),
        ("100 Main St Unit 12, Springfield", "100", "main st", "unit 12"),
        ("100 Main St Ste 200", "100", "main st", "ste 200"),
        ("100 Main St Fl 2", "100", "main st", "fl 2"),
        ("100 Main St, 2nd Floor", "100", "main st", "2nd floor"),
        ("100 Main St 4B", "100", "main st", "4b"),
        ("100 Main St, Rear", "100", "main st", "rear"),
        ("Apt 7, 100 Main St", "100", "main st", "apt 7"),
        ("Unit 5 - 1335 Howe St", "1335", "howe st", "unit 5"),
        ("#305-1335 Howe Street", "1335", "howe st", "305"),
        ("104 1676 Duranleau Street", "1676", "duranleau st", ""),
        ("U1 601 West Broadway", "601", "w broadway", ""),
        ("12A Oak St", "12a", "oak st", ""),
        ("12 1/2 Oak St", "12 1/2", "oak st", ""),
        ("12½ Oak St", "12 1/2", "oak st", ""),
        ("100 5th Street", "100", "5th st", ""),
        ("100 5 Street", "100", "5th st", ""),
        ("Sunrise Manor, 100 Main St", "100", "main st", ""),
        ("100, Main Street", "100", "main st", ""),
        ("Main Street", None, "main st", ""),
    ],
)
def test_number_street_and_unit_are_found_in_a_line(
    line: str, number: str | None, street: str, unit: str, springfield: AreaProfile
) -> None:
    address = first(line, springfield)

    assert (address.number.key if address.number else None, address.street.text, address.unit) == (
        number,
        street,
        unit,
    )


@pytest.mark.parametrize(
    ("line", "places", "state", "postcode"),
    [
        ("100 Main St, Springfield, IL 62701", ("springfield",), "IL", "62701"),
        ("100 Main St, Springfield, Illinois 62701-1234, USA", ("springfield",), "IL", "62701"),
        ("100 Main St Springfield IL 62701", ("springfield",), "IL", "62701"),
        ("100 Main St Springfield", ("springfield",), None, None),
        ("100 Main St, Enos Park, Springfield", ("enos park", "springfield"), None, None),
        ("100 Main St Apt 4 Springfield IL", ("springfield",), "IL", None),
        ("100 Main St 62701", (), None, "62701"),
        ("100 Main St, 62701", (), None, "62701"),
        ("100 Main St, Columbus, OH", ("columbus",), "OH", None),
        ("1335 Howe St, Vancouver, BC V6Z 1R2, Canada", ("vancouver",), "BC", "V6Z 1R2"),
        ("1335 Howe St, Vancouver, BC, CA", ("vancouver",), "BC", None),
        ("1335 Howe St, Vancouver BC v6z1r2", ("vancouver",), "BC", "V6Z 1R2"),
        ("100 Main St, San Francisco, CA", ("san francisco",), "CA", None),
        ("10500 Finlayson Drive", (), None, None),
        ("100 Main Ct", (), None, None),
        ("100 5th St NE", (), None, None),
    ],
)
def test_city_state_and_postcode_are_found_at_the_end(
    line: str, places: tuple[str, ...], state: str | None, postcode: str | None, springfield: AreaProfile
) -> None:
    address = first(line, springfield)

    assert (address.places, address.state, address.postcode) == (places, state, postcode)


def test_fields_given_apart_overrule_the_line(springfield: AreaProfile) -> None:
    query = AddressQuery(
        "100 Main St, Chicago", unit="Apt 9", city="Springfield", state="illinois", postcode="62701-0001"
    )

    address = readings(query, springfield)[0]

    assert (address.unit, address.places) == ("apt 9", ("springfield",))
    assert (address.state, address.postcode) == ("IL", "62701")


def test_an_unknown_word_behind_the_street_is_read_as_a_city_last(springfield: AreaProfile) -> None:
    found = readings(AddressQuery("100 Main Street Burnaby"), springfield)

    assert [(reading.street.text, reading.places) for reading in found] == [
        ("main st burnaby", ()),
        ("main st", ("burnaby",)),
    ]


def test_a_state_code_that_may_be_a_misspelt_street_is_read_both_ways(springfield: AreaProfile) -> None:
    found = readings(AddressQuery("909 Cordova Street W Sk"), springfield)

    assert {reading.state for reading in found} == {"SK", None}


def test_a_queens_number_with_a_blank_gets_its_hyphen(queens: AreaProfile) -> None:
    address = first("219 21 Stewart Road, Queens Village, NY 11427", queens)

    assert address.number is not None
    assert address.number.key == "219-21"


@pytest.mark.parametrize("line", ["", "   ", ",,,", "-", "#"])
def test_a_line_without_words_has_no_street(line: str, springfield: AreaProfile) -> None:
    assert all(not reading.street.text for reading in readings(AddressQuery(line), springfield))
