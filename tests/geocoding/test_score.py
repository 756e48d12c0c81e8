import pytest

from services.geocoding.domain.score import HOPELESS, street_price
from services.geocoding.domain.street_name import street_name


@pytest.mark.parametrize(
    ("asked", "known", "price"),
    [
        ("Oak Street", "Oak Street", 0.0),
        ("Oakk Street", "Oak Street", 0.10),
        ("Oak Stret", "Oak Street", 0.10),
        ("aOk St", "Oak Street", 0.10),
        ("OakSt", "Oak Street", 0.10),
        ("Wst 16th Ave", "West 16th Avenue", 0.10),
        ("Q 16th Ave", "West 16th Avenue", 0.10),
        ("W 1t6h Ave", "West 16th Avenue", 0.10),
        ("Old Brideg Rd", "Old Bridge Road", 0.10),
        ("E Malo", "East Mall", 0.10),
        ("Springfild Bouleverd", "Springfield Boulevard", 0.20),
        ("16th Ave", "West 16th Avenue", 0.06),
        ("W 16th", "West 16th Avenue", 0.04),
        ("16th", "West 16th Avenue", 0.10),
        ("Clark Road", "Clark Drive", 0.15),
        ("112th Road", "112th Drive", 0.30),
        ("E 16th Ave", "West 16th Avenue", 0.30),
        ("NW 16th Ave", "West 16th Avenue", 0.16),
        ("N Oak St", "Oak Street", 0.22),
        ("88th Avenue", "8th Avenue", 0.20),
    ],
)
def test_each_difference_between_streets_has_its_price(asked: str, known: str, price: float) -> None:
    assert street_price(street_name(asked), street_name(known)) == pytest.approx(price, abs=0.025)


def test_streets_that_are_nothing_alike_are_hopeless() -> None:
    assert street_price(street_name("Jamaica Avenue"), street_name("Hillside Terrace")) == HOPELESS


def test_a_typo_in_a_short_name_costs_more_than_in_a_long_one() -> None:
    short = street_price(street_name("Oa"), street_name("Oak"))
    long = street_price(street_name("Granvile"), street_name("Granville"))

    assert short > long
