"""Whatever goes wrong, the caller gets problem details with a sentence; nothing of ours leaks."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.errors import TransientError, invalid
from shared.http import MAX_BODY_BYTES, create_app

router = APIRouter()


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int


@router.post("/wishes")
async def wish(body: Annotated[Wish, Body()]) -> int:
    if body.count < 0:
        raise invalid("count", "It is negative.", "Ask for zero or more.")
    return 1 // body.count


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app("test", [router]), raise_app_exceptions=False)
    async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
        yield client


async def test_a_field_that_does_not_fit_is_named_with_a_remedy(client: httpx.AsyncClient) -> None:
    reply = await client.post("/wishes", json={"counts": 1})
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert {field["field"]: field["remedy"] for field in reply.json()["fields"]} == {
        "count": "Add this field.",
        "counts": "Leave this field out; the reference at /docs lists the known ones.",
    }


async def test_a_refusal_of_the_domain_is_a_problem(client: httpx.AsyncClient) -> None:
    reply = await client.post("/wishes", json={"count": -1})
    assert (reply.status_code, reply.json()["detail"]) == (422, "count: It is negative. Ask for zero or more.")


async def test_a_body_that_is_not_json_is_told_so(client: httpx.AsyncClient) -> None:
    reply = await client.post("/wishes", content=b"{", headers={"content-type": "application/json"})
    assert reply.json()["fields"] == [
        {"field": "body", "message": "The body is not valid JSON.", "remedy": "Send one JSON object as UTF-8."}
    ]


async def test_ten_megabytes_are_refused_declared_or_not(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * (MAX_BODY_BYTES // 10)

    declared = await client.post("/wishes", content=b" " * 10_000_000)
    streamed = await client.post("/wishes", content=chunks(), headers={"content-type": "application/json"})
    assert (declared.status_code, streamed.status_code) == (413, 413)
    assert "1,000,000 bytes" in declared.json()["detail"]


async def test_our_own_failure_says_nothing_of_its_inside(client: httpx.AsyncClient) -> None:
    reply = await client.post("/wishes", json={"count": 0})
    assert reply.status_code == 500
    assert "division" not in reply.text
    assert "nothing was changed" in reply.json()["detail"]


async def test_an_unknown_address_points_to_the_reference(client: httpx.AsyncClient) -> None:
    reply = await client.get("/wish")
    assert (reply.status_code, "/docs" in reply.json()["detail"]) == (404, True)


@pytest.mark.parametrize(
    ("error", "slug", "sentence"),
    [
        (TransientError("The road graph is away."), "unavailable", "The road graph is away. Nothing was changed."),
        (TimeoutError(), "storage-unavailable", "The database is busy or away. Nothing was changed."),
        (PoolTimeoutError(), "storage-unavailable", "The database is busy or away. Nothing was changed."),
    ],
)
async def test_what_passes_by_itself_is_a_503_on_a_connection_that_stays_open(
    error: Exception, slug: str, sentence: str
) -> None:
    passing = APIRouter()

    @passing.get("/passing")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(create_app("test", [passing]))  # raises what a server would hang up on
    async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
        reply = await client.get("/passing")
    assert (reply.status_code, reply.json()["type"], reply.headers["retry-after"]) == (503, f"/problems/{slug}", "2")
    assert reply.json()["detail"].startswith(sentence)
