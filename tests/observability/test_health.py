"""A process says whether it lives and whether it can work, with a sentence for what is wrong."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from services.dispatch.service import build
from services.house import furnish
from shared.bus.log import LogBus
from shared.observability.health import STUCK_SECONDS
from shared.runtime import House, Room, opened
from shared.settings import HouseSettings
from tests.flow.conftest import soon


class Process:
    """A room's process, without its socket."""

    def __init__(self, house: House, room: Room, http: httpx.AsyncClient) -> None:
        self.house = house
        self.room = room
        self.http = http

    async def ask(self, path: str) -> tuple[int, str, dict[str, str]]:
        reply = await self.http.get(path)
        body = reply.json()
        return reply.status_code, body["status"], body["checks"]


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    house, (room,) = furnish(HouseSettings(data=tmp_path), [build])
    async with (
        opened(house, [room]) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http,
    ):
        yield Process(house, room, http)


async def test_a_process_at_work_is_alive_and_ready(process: Process) -> None:
    assert await process.ask("/healthz") == (200, "alive", {"tasks": "ok", "consumers": "ok"})
    ready = {"process": "ok", "database": "ok", "migrations": "ok", "bus": "ok"}
    assert await process.ask("/readyz") == (200, "ready", ready)


async def test_a_bus_that_is_away_degrades_it_and_no_more(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LogBus, "trouble", "No broker answers at 127.0.0.1:1.")
    code, status, checks = await process.ask("/readyz")
    assert (code, status, checks["bus"]) == (200, "degraded", "No broker answers at 127.0.0.1:1.")
    assert (await process.ask("/healthz"))[0] == 200


@pytest.mark.parametrize(("revision", "answers"), [("0001", (503, "unready")), ("9999", (200, "ready"))])
async def test_tables_of_an_older_release_make_it_unready_those_of_a_newer_do_not(
    process: Process, revision: str, answers: tuple[int, str]
) -> None:
    async with process.room.db.transaction() as session:
        await (await session.connection()).execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )
    code, status, checks = await process.ask("/readyz")
    assert (code, status) == answers
    assert (checks["migrations"] == "ok") == (code == 200)
    assert checks["database"] == "ok"


async def test_a_database_that_cannot_be_read_makes_it_unready(process: Process) -> None:
    async with process.room.db.transaction() as session:
        await (await session.connection()).execute(text("DROP TABLE alembic_version"))
    code, _, checks = await process.ask("/readyz")
    assert code == 503
    assert checks["database"] == "dispatch: it refuses to be read (OperationalError)."


async def test_a_stopping_process_is_unready_and_alive(process: Process) -> None:
    process.house.stopping.set()
    code, _, checks = await process.ask("/readyz")
    assert (code, checks["process"]) == (503, "The process is stopping; it takes nothing new.")
    assert (await process.ask("/healthz"))[:2] == (200, "alive")


async def test_a_starting_process_is_unready_and_alive(process: Process) -> None:
    process.house.working.clear()
    code, _, checks = await process.ask("/readyz")
    assert (code, checks["process"]) == (503, "The process is starting: it waits for its database.")
    assert (await process.ask("/healthz"))[:2] == (200, "alive")


async def test_a_background_task_that_ended_is_named(process: Process) -> None:
    async def leave() -> None:
        return

    ended = asyncio.create_task(leave(), name="dispatch.relay")
    await ended
    process.house.running.append(ended)
    code, status, checks = await process.ask("/healthz")
    assert (code, status) == (503, "dead")
    assert checks["tasks"].startswith("dispatch.relay ended although nothing told it to.")


async def test_a_consumer_that_does_not_come_round_is_named(process: Process) -> None:
    consumer = process.room.consumer
    assert consumer is not None
    consumer.alive_at = time.monotonic() - STUCK_SECONDS - 30
    code, _, checks = await process.ask("/healthz")
    assert code == 503
    assert checks["consumers"].startswith("The consumer of dispatch has not come round for 2")


async def test_the_metrics_are_those_the_dashboards_read(process: Process) -> None:
    async def sampled() -> str | None:
        page = (await process.http.get("/metrics")).text
        return page if 'rounds_outbox_waiting_events{room="dispatch"}' in page else None

    page = await soon(sampled, "the first look at the outbox")

    for line in (
        'rounds_bus_up{room="dispatch"} 1.0',
        'rounds_outbox_waiting_events{room="dispatch"} 0.0',
        'rounds_outbox_oldest_seconds{room="dispatch"} 0.0',
        'rounds_database_pool_in_use{room="dispatch"} ',
    ):
        assert line in page
    offered = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE rounds_")}
    assert offered >= {
        "rounds_consumer_lag_records",
        "rounds_outbox_waiting_events",
        "rounds_outbox_oldest_seconds",
        "rounds_dead_letters_total",
        "rounds_handled_events_total",
        "rounds_handler_seconds",
        "rounds_handler_failures_total",
        "rounds_solve_seconds",
        "rounds_plan_requests_waiting",
        "rounds_plan_requests_oldest_seconds",
        "rounds_stage_seconds",
        "rounds_bus_up",
        "rounds_bus_failures_total",
        "rounds_consumer_rebuilt_total",
        "rounds_http_requests_total",
        "rounds_http_seconds",
        "rounds_visits",
        "rounds_visits_late",
        "rounds_database_pool_in_use",
    }


async def test_a_path_and_a_method_of_a_clients_own_make_no_label(process: Process) -> None:
    await process.http.request("BREW", "/n/a-signed-link-of-a-nurse")
    page = (await process.http.get("/metrics")).text
    assert 'rounds_http_requests_total{method="OTHER",route="unknown",status="404"}' in page
    assert "a-signed-link" not in page
    assert "BREW" not in page
