"""Requests as they come in."""

import pytest
from pydantic import ValidationError

from shared.events.booking_request import EXAMPLE, Address, BookingRequest


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ({"line": "12 Maple Ave, Maple Falls, OH 43001"}, "12 Maple Ave, Maple Falls, OH 43001"),
        (
            {"street": "12 Maple Ave", "unit": "3B", "city": "Maple Falls", "state": "OH", "postcode": "43001"},
            "12 Maple Ave, Unit 3B, Maple Falls, OH 43001",
        ),
        ({"street": "12 Maple Ave", "unit": "Apt 3B", "postcode": "43001"}, "12 Maple Ave, Apt 3B, 43001"),
        ({"street": "12 Maple Ave", "unit": "#4"}, "12 Maple Ave, #4"),
        ({"street": " 12 Maple Ave ", "city": "Maple Falls"}, "12 Maple Ave, Maple Falls"),
    ],
)
def test_an_address_reads_as_one_line(address: dict[str, str], line: str) -> None:
    assert Address.model_validate(address).one_line() == line


def test_the_documented_example_is_a_booking() -> None:
    assert BookingRequest.model_validate(EXAMPLE).services == ["b12-im-1000", "b12-level"]


@pytest.mark.parametrize(
    "patient",
    [
        {"phone": "call me"},
        {"email": "ada at example"},
        {"first_name": "  "},
        {"last_name": "x" * 101},
        {"birth_date": "12.04.1980"},
        {"middle_name": "B"},
    ],
)
def test_a_patient_that_cannot_be_read_is_refused(patient: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        BookingRequest.model_validate({**EXAMPLE, "patient": {**EXAMPLE["patient"], **patient}})
    assert [error["loc"] for error in caught.value.errors()] == [("patient", *patient)]
