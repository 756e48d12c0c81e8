"""The area of a booking: named, or found by postcode, else by city and state, else the only one."""

import pytest

from services.booking.domain.area_choice import choose_area
from shared.areas import Area
from shared.errors import Problem
from shared.events.booking_request import Address
from shared.events.ids import AreaId
from tests.booking.desk import VANCOUVER, area

MAPLE = area()
SPRING_OH = area("spring-oh", cities=("Springfield",), states=("OH",), postcodes=("45501",))
SPRING_IL = area("spring-il", cities=("Springfield",), states=("IL",), postcodes=("62701",))
ALL = {each.id: each for each in (MAPLE, VANCOUVER, SPRING_OH, SPRING_IL)}


def chosen(address: dict[str, str], asked: str | None = None, areas: dict[AreaId, Area] = ALL) -> str:
    """Return the id of the area chosen."""
    return choose_area(None if asked is None else AreaId(asked), Address.model_validate(address), areas).id


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ({"street": "1 A St", "postcode": "43002"}, "maple"),
        ({"street": "1 A St", "postcode": "43002-1234"}, "maple"),
        ({"street": "1 A St", "postcode": "v6b1a1"}, "vancouver"),
        ({"line": "1 A St, Unit 12345, Vancouver, BC V6B 1A1"}, "vancouver"),
        ({"line": "12345 Long Rd, Maple Falls, OH 43001"}, "maple"),
        ({"street": "1 A St", "city": "vancouver"}, "vancouver"),
        ({"line": "1 A St, Maple Falls"}, "maple"),
        ({"street": "1 A St", "city": "Springfield", "state": "il"}, "spring-il"),
    ],
)
def test_an_address_finds_its_area(address: dict[str, str], found: str) -> None:
    assert chosen(address) == found


def test_the_area_named_wins_over_the_postcode() -> None:
    assert chosen({"street": "1 A St", "postcode": "V6B 1A1"}, "maple") == "maple"


def test_an_address_nobody_claims_goes_to_the_only_area_there_is() -> None:
    assert chosen({"street": "1 A St", "postcode": "73301"}, areas={MAPLE.id: MAPLE}) == "maple"


@pytest.mark.parametrize(
    ("asked", "address", "areas", "said"),
    [
        (
            "mapel",
            {"street": "1 A St"},
            ALL,
            (
                "area_id: There is no such area. Did you mean maple? The areas are maple (Maple), "
                "vancouver (Vancouver), spring-oh (Spring-Oh), spring-il (Spring-Il)."
            ),
        ),
        (
            None,
            {"street": "1 A St", "city": "Springfield"},
            ALL,
            (
                "area_id: More than one area covers this address. Name the area; there are maple (Maple), "
                "vancouver (Vancouver), spring-oh (Spring-Oh), spring-il (Spring-Il)."
            ),
        ),
        (
            None,
            {"street": "1 A St", "city": "Nowhere"},
            {MAPLE.id: MAPLE, VANCOUVER.id: VANCOUVER},
            (
                "area_id: No area covers this address's postcode or city. "
                "Name the area; there are maple (Maple), vancouver (Vancouver)."
            ),
        ),
        (
            None,
            {"street": "1 A St"},
            {},
            "area_id: No area has been built yet. Build one with `rounds area build EXTRACT.osm.pbf`, then book again.",
        ),
    ],
)
def test_a_choice_that_cannot_be_made_lists_the_areas(
    asked: str | None, address: dict[str, str], areas: dict[AreaId, Area], said: str
) -> None:
    with pytest.raises(Problem) as caught:
        chosen(address, asked, areas)
    assert caught.value.detail == said
