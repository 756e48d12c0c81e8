"""Composing the room: migrations, a second start on the same data, the reference."""

from pathlib import Path
from typing import Any

import pytest

from services.dispatch.api import router
from services.dispatch.api.day import ActBody
from services.dispatch.domain.requests import NurseBody, NurseChange, ShiftBody, ShiftChange
from services.dispatch.service import MIGRATIONS
from services.dispatch.store.models import Base
from shared.db.migrate import differences, upgrade
from shared.db.session import Database
from shared.http import create_app
from tests.dispatch.floor import open_floor, route, stop, visit

DOCUMENT: dict[str, Any] = create_app("Rounds", [router]).openapi()


async def test_the_migrations_make_the_tables_of_the_models(tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "dispatch.sqlite")
    await upgrade(database, MIGRATIONS)
    assert await differences(database, Base.metadata) == []
    await database.close()


async def test_a_second_start_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    async with open_floor(tmp_path) as floor:
        ann = await floor.shift()
        await floor.plan(1, route(ann, stop(visit(1), 10)))
        await floor.act(ann, visit(1), "en_route")
        before = await floor.assignments()
    async with open_floor(tmp_path) as floor:
        assert await floor.assignments() == before
        assert (await floor.act(ann, visit(1), "arrived")).status_code == 200


def operations() -> list[Any]:
    return [
        pytest.param(operation, id=f"{method} {path}")
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_endpoint_is_in_the_reference_but_the_internal_ones() -> None:
    assert {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods} == {
        ("get", "/v1/nurses"),
        ("post", "/v1/nurses"),
        ("put", "/v1/nurses/{nurse_id}"),
        ("get", "/v1/shifts"),
        ("post", "/v1/shifts"),
        ("put", "/v1/shifts/{shift_id}"),
        ("post", "/v1/shifts/{shift_id}/close"),
        ("get", "/v1/assignments"),
        ("post", "/v1/visits/{visit_id}/acts"),
    }


def has_example(media: dict[str, Any]) -> bool:
    name = media["schema"]["$ref"].rpartition("/")[2]
    return bool(DOCUMENT["components"]["schemas"][name].get("examples"))


@pytest.mark.parametrize("operation", operations())
def test_an_operation_says_what_it_does_and_shows_what_goes_in_and_out(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    if "requestBody" in operation:
        assert has_example(operation["requestBody"]["content"]["application/json"])
    good = [response for status, response in operation["responses"].items() if status.startswith("2")]
    assert [has_example(response["content"]["application/json"]) for response in good] == [True]
    assert "422" in operation["responses"]
    assert all(entry.get("description") or entry["in"] == "path" for entry in operation.get("parameters", []))


@pytest.mark.parametrize("body", [NurseBody, NurseChange, ShiftBody, ShiftChange, ActBody])
def test_the_examples_of_bodies_are_bodies_that_are_taken(body: type[NurseBody]) -> None:
    for example in DOCUMENT["components"]["schemas"][body.__name__]["examples"]:
        assert body.model_validate(example)
