from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.geocoding.domain.address import AddressQuery, Status
from services.geocoding.providers.local import AddressIndex, LocalGeocoder
from shared.events.geocoding import UnresolvedReason
from shared.events.values import MatchKind

LAT, LON = 39.80, -89.65


def at(north: float, east: float) -> tuple[float, float]:
    return LAT + north / 1000, LON + east / 1000


@pytest.mark.parametrize(
    ("line", "point"),
    [
        ("100 Main Street, Springfield, IL 62701", at(0.1, 0)),
        ("100 main st", at(0.1, 0)),
        ("100 Main St Apt 3B, Springfield", at(0.1, 0)),
        ("Unit 5, 100 Main St., Springfield IL", at(0.1, 0)),
        ("100 Mian St, Springfield", at(0.1, 0)),
        ("100 Mai Street #4, 62701", at(0.1, 0)),
        ("14 Oak St, Springfield", at(2.1, 1)),
        ("200 E Sixteenth Ave, Springfield", at(10.1, 4)),
        ("305 16th Ave, Springfield", at(10.1, 6)),
        ("1 1/2 St. John's Rd, Springfield", at(18.1, 2)),
        ("37 Clark Rd, Springfield", at(16.1, 2)),
        ("100 Main Street Springfield Illinois", at(0.1, 0)),
        ("100 Main St, Enos Park", at(0.1, 0)),
    ],
)
def test_an_address_is_found_at_its_house(line: str, point: tuple[float, float], town_index: AddressIndex) -> None:
    place = town_index.locate(AddressQuery(line)).place

    assert place is not None
    assert (place.lat, place.lon) == pytest.approx(point)
    assert (place.match, place.state, place.provider) == (MatchKind.ADDRESS, "IL", "local")


def test_an_exact_find_is_wholly_sure_and_a_typo_costs(town_index: AddressIndex) -> None:
    exact = town_index.locate(AddressQuery("100 Main Street, Springfield, IL 62701")).place
    typo = town_index.locate(AddressQuery("100 Mian Street, Springfield, IL 62701")).place

    assert exact is not None
    assert typo is not None
    assert exact.confidence == 1.0
    assert typo.confidence == pytest.approx(0.9)


def test_a_number_between_two_houses_is_interpolated(town_index: AddressIndex) -> None:
    place = town_index.locate(AddressQuery("102 Main Street, Springfield")).place

    assert place is not None
    assert place.match is MatchKind.INTERPOLATED
    assert (place.lat, place.lon) == pytest.approx(at(0.1, 0.5))
    assert place.label == "102 Main Street, Springfield"


def test_a_letter_that_is_not_mapped_is_found_at_its_building(town_index: AddressIndex) -> None:
    place = town_index.locate(AddressQuery("10B Oak Street, Springfield")).place

    assert place is not None
    assert (place.match, place.label) == (MatchKind.ADDRESS, "10 Oak Street, Springfield, IL 62702")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("200 16th Avenue, Springfield", UnresolvedReason.AMBIGUOUS),
        ("210 16th Avenue, Springfield", UnresolvedReason.LOW_CONFIDENCE),
        ("9999 Main Street, Springfield", UnresolvedReason.LOW_CONFIDENCE),
        ("Main Street, Springfield", UnresolvedReason.LOW_CONFIDENCE),
        ("5 Elm Drive, Springfield", UnresolvedReason.LOW_CONFIDENCE),
        ("100 Main Street, Springfield, IL 60601", UnresolvedReason.LOW_CONFIDENCE),
        ("102 Main Street", UnresolvedReason.LOW_CONFIDENCE),
        ("305 West 16th Avenue, Springfield", UnresolvedReason.LOW_CONFIDENCE),
        ("5 Quetzalcoatl Boulevard, Springfield", UnresolvedReason.NOT_FOUND),
        ("", UnresolvedReason.UNREADABLE),
    ],
)
def test_what_is_not_sure_goes_to_a_person(line: str, reason: UnresolvedReason, town_index: AddressIndex) -> None:
    answer = town_index.locate(AddressQuery(line))

    assert (answer.status, answer.reason) == (Status.REVIEW, reason)


def test_a_person_sees_both_places_of_an_ambiguous_address(town_index: AddressIndex) -> None:
    answer = town_index.locate(AddressQuery("200 16th Avenue, Springfield"))

    assert [candidate.label for candidate in answer.candidates[:2]] == [
        "200 West 16th Avenue, Springfield, IL 62703",
        "200 East 16th Avenue, Springfield, IL 62703",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "100 Main Street, Columbus, OH 43215",
        "100 Main Street, Columbus",
        "100 Main Street Columbus",
        "100 Main Street Columbus OH",
        "100 Main Street, 43215",
        "100 Main Street, Springfield, MO",
        "100 Main Street, Springfield, MA 01101",
        "100 Main Street, Vancouver, BC V6B 1A1",
    ],
)
def test_an_address_of_elsewhere_is_outside_though_the_street_is_here(line: str, town_index: AddressIndex) -> None:
    answer = town_index.locate(AddressQuery(line))

    assert (answer.status, answer.reason) == (Status.OUTSIDE, UnresolvedReason.OUTSIDE)


def test_fields_given_apart_say_the_same_as_a_line(town_index: AddressIndex) -> None:
    fields = AddressQuery("100 Main Street", unit="3B", city="Springfield", state="IL", postcode="62701-1234")

    assert town_index.locate(fields) == town_index.locate(AddressQuery("100 Main Street 3B, Springfield, IL 62701"))


def test_many_answers_come_in_the_order_of_the_questions(town_index: AddressIndex) -> None:
    queries = [AddressQuery("100 Main Street"), AddressQuery(""), AddressQuery("14 Oak Street")]

    assert town_index.locate_many(queries) == [town_index.locate(query) for query in queries]


def test_threads_that_ask_at_once_get_their_own_answers(town_index: AddressIndex) -> None:
    queries = [AddressQuery(line) for line in ("100 Main St", "14 Oak St", "37 Clark Rd", "200 16th Ave")] * 25
    expected = town_index.locate_many(queries)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(town_index.locate, queries)) == expected


async def test_the_adapter_answers_many(town_index: AddressIndex) -> None:
    queries = [AddressQuery("100 Main Street"), AddressQuery("14 Oak Street")]

    assert await LocalGeocoder(town_index).locate_many(queries) == town_index.locate_many(queries)


@given(line=st.text(max_size=80) | st.from_regex(r"[0-9#/½ ,.-]{0,9}[A-Za-z0-9 ,.'#-]{0,40}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_no_text_whatever_breaks_it(town_index: AddressIndex, line: str) -> None:
    assert town_index.locate(AddressQuery(line)).status in Status
