import pytest

from services.geocoding.domain.address import AddressQuery
from services.geocoding.domain.area import AreaProfile, Gate, gate
from services.geocoding.domain.parse import readings


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("100 Main St", Gate.OPEN),
        ("100 Main St, Springfield", Gate.OPEN),
        ("100 Main St, Sprngfield", Gate.OPEN),
        ("100 Main St, Enos Park", Gate.OPEN),
        ("100 Main St, Springfield, IL 62701", Gate.OPEN),
        ("100 Main St, Chicago, IL 62701", Gate.OPEN),
        ("100 Main St, IL", Gate.OPEN),
        ("100 Main St, Springfield, IL 60601", Gate.DOUBTFUL),
        ("100 Main St, Chicago, IL 60601", Gate.SHUT),
        ("100 Main St, 60601", Gate.SHUT),
        ("100 Main St, Chicago", Gate.SHUT),
        ("100 Main St, Springfield, MO", Gate.SHUT),
        ("100 Main St, Springfield, MO 62701", Gate.SHUT),
    ],
)
def test_the_gate_opens_by_what_an_address_claims(line: str, verdict: Gate, springfield: AreaProfile) -> None:
    assert gate(springfield, readings(AddressQuery(line), springfield)[0]) is verdict


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("1 Howe St, V6Z 2Y3", Gate.OPEN),
        ("1 Howe St, V6T 1A1", Gate.OPEN),
        ("1 Howe St, Toronto, V6T 1A1", Gate.SHUT),
        ("1 Howe St, M5V 1A1", Gate.SHUT),
    ],
)
def test_an_unknown_canadian_postcode_of_the_region_says_nothing(line: str, verdict: Gate) -> None:
    vancouver = AreaProfile(bbox=(-123.3, 49.1, -123.0, 49.4), cities=("Vancouver",), postcodes=("V6Z 1R2",))

    assert gate(vancouver, readings(AddressQuery(line), vancouver)[0]) is verdict


def test_a_gate_that_knows_nothing_is_open() -> None:
    anywhere = AreaProfile(bbox=(-123.3, 49.1, -123.0, 49.4))

    assert gate(anywhere, readings(AddressQuery("1 Howe St, Toronto, ON"), anywhere)[0]) is Gate.OPEN
