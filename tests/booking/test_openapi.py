"""The OpenAPI document says all there is to say, with an example of everything."""

from typing import Any

import pytest

from services.booking.api import routers
from services.booking.store.catalogue_file import load_catalogue
from shared.events.booking_request import BookingRequest
from shared.http import PROBLEM_JSON, create_app
from tests.booking.desk import Desk

DOCUMENT: dict[str, Any] = create_app("Rounds", routers).openapi()


def operations() -> list[Any]:
    return [
        pytest.param(operation, id=f"{method} {path}")
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def has_example(media: dict[str, Any]) -> bool:
    """Tell whether a body is shown, beside its schema or in it."""
    name = media["schema"].get("$ref", "").rpartition("/")[2]
    return bool(
        media.get("example") or media.get("examples") or DOCUMENT["components"]["schemas"][name].get("examples")
    )


def test_every_endpoint_is_documented_but_the_internal_ones() -> None:
    assert {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods} == {
        ("post", "/v1/bookings"),
        ("get", "/v1/bookings"),
        ("get", "/v1/bookings/{booking_id}"),
        ("post", "/v1/bookings/{booking_id}/reschedule"),
        ("put", "/v1/bookings/{booking_id}/address"),
        ("post", "/v1/bookings/{booking_id}/cancel"),
        ("get", "/v1/services"),
        ("delete", "/v1/patients/{patient_id}"),
    }


@pytest.mark.parametrize("operation", operations())
def test_an_operation_says_what_it_does_and_shows_what_goes_in_and_out(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    if "requestBody" in operation:
        assert has_example(operation["requestBody"]["content"]["application/json"])
    assert any(status.startswith("2") for status in operation["responses"])
    assert "422" in operation["responses"]
    for status, response in operation["responses"].items():
        assert response["description"]
        if status.startswith("2") and status != "204":
            assert has_example(response["content"]["application/json"])
        if not status.startswith("2"):
            example = response["content"][PROBLEM_JSON]["example"]
            assert example["status"] == int(status)
            assert example["type"].startswith("/problems/")


@pytest.mark.parametrize("operation", operations())
def test_a_parameter_is_described(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        assert parameter.get("description") or parameter["in"] == "path", parameter["name"]


def test_the_examples_of_bodies_are_bodies_that_are_taken() -> None:
    for example in DOCUMENT["components"]["schemas"]["BookingRequest"]["examples"]:
        assert BookingRequest.model_validate(example)


async def test_the_catalogue_is_what_is_offered(desk: Desk) -> None:
    offered = (await desk.client.get("/v1/services")).json()["services"]
    assert [service["code"] for service in offered] == [service.code for service in load_catalogue().services]
    assert offered[2]["loinc"] == ["2132-9"]
