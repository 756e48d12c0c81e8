"""A command that met another transaction comes again; nobody else is asked twice."""

from collections.abc import AsyncIterator
from typing import Annotated

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Body
from sqlalchemy.exc import DBAPIError

from shared.http import create_app

BODY = {"words": "x" * 10_000}


class Counter:
    """An endpoint that fails as often as it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.asked = 0

    async def answer(self, body: Annotated[dict[str, str], Body()]) -> dict[str, str]:
        """Fail, or give back what came."""
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return body


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
async def client(counter: Counter) -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter()
    router.add_api_route("/command", counter.answer, methods=["POST", "GET"])
    transport = httpx.ASGITransport(create_app("test", [router]), raise_app_exceptions=False)
    async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
        yield client


def failed(error: type[asyncpg.PostgresError]) -> DBAPIError:
    return DBAPIError("UPDATE visit", {}, error("in the way"))


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError,
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
        asyncpg.LockNotAvailableError,
    ],
)
async def test_a_command_in_whose_way_another_was_is_done_the_second_time(
    client: httpx.AsyncClient, counter: Counter, error: type[asyncpg.PostgresError]
) -> None:
    counter.failures = [failed(error)]
    reply = await client.post("/command", json=BODY)
    assert (reply.status_code, reply.json(), counter.asked) == (200, BODY, 2)


async def test_after_three_times_the_caller_is_told_to_come_back(client: httpx.AsyncClient, counter: Counter) -> None:
    counter.failures = [failed(asyncpg.DeadlockDetectedError) for _ in range(5)]
    reply = await client.post("/command", json=BODY)
    assert (reply.status_code, reply.json()["type"], counter.asked) == (503, "/problems/storage-unavailable", 3)


@pytest.mark.parametrize(
    ("error", "status"), [(asyncpg.ConnectionDoesNotExistError, 503), (asyncpg.UndefinedColumnError, 500)]
)
async def test_what_may_have_been_done_or_never_can_be_is_not_tried_again(
    client: httpx.AsyncClient, counter: Counter, error: type[asyncpg.PostgresError], status: int
) -> None:
    counter.failures = [failed(error)]
    reply = await client.post("/command", json=BODY)
    assert (reply.status_code, counter.asked) == (status, 1)


async def test_reading_is_not_tried_again(client: httpx.AsyncClient, counter: Counter) -> None:
    counter.failures = [failed(asyncpg.DeadlockDetectedError)]
    assert (await client.request("GET", "/command", json=BODY)).status_code == 503
    assert counter.asked == 1
