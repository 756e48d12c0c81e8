"""A room runs twice: rolling restarts lose nothing, streams hear of what the other process wrote, outages pass."""

import asyncio
import datetime as dt
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

import httpx
import pytest

from deploy.dev.kafka import KafkaCluster
from deploy.dev.postgres import PostgresServer
from services.sample.addresses import Address
from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.clock import new_id
from tests.flow.conftest import AREA, soon
from tests.processes.crew import Crew, book, request

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

DATE = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=7)
VISITS = "rounds.booking.visit.v1"
AWAY_SECONDS = 5.0


async def test_a_rolling_restart_under_load_loses_no_booking_doubles_none_and_answers_no_error(
    crew: Crew, kafka_cluster: KafkaCluster, addresses: Sequence[Address]
) -> None:
    doors = [crew.url("booking-0"), crew.url("booking-1")]
    stop = asyncio.Event()
    replies: list[httpx.Response] = []

    async def keep_booking(first: int) -> None:
        async with httpx.AsyncClient(timeout=30) as client:
            while not stop.is_set():
                house = addresses[len(replies) % len(addresses)]
                mine = doors[first:] + doors[:first]
                replies.append(await book(client, mine, str(new_id()), request(house, DATE)))
                await asyncio.sleep(0.1)

    load = [asyncio.create_task(keep_booking(n % 2)) for n in range(2)]
    for name in ("booking-0", "booking-1"):
        await asyncio.to_thread(crew.members[name].stop, 20)
        assert crew.members[name].code == 0
        await asyncio.to_thread(crew.start, name)
    stop.set()
    await asyncio.gather(*load)

    assert Counter(reply.status_code for reply in replies) == {201: len(replies)}
    acknowledged = {reply.json()["visit_id"] for reply in replies}
    assert len(acknowledged) == len(replies) > 20
    said = await _said(crew, kafka_cluster, len(acknowledged))
    assert set(said) == acknowledged
    assert set(said.values()) == {1}


async def _said(crew: Crew, kafka_cluster: KafkaCluster, count: int) -> Counter[str]:
    """Return how often each visit was requested on the bus, once that many were."""
    bus = _bus(crew, kafka_cluster)
    await bus.start()
    try:

        async def enough() -> Counter[str] | None:
            found = Counter([record.key.decode() async for record in bus.tail([VISITS], from_start=True, follow=False)])
            return found if found.total() >= count else None

        return await soon(enough, f"{count} visits on the bus")
    finally:
        await bus.stop()


def _bus(crew: Crew, kafka_cluster: KafkaCluster) -> KafkaBus:
    prefix = crew.environment["ROUNDS_KAFKA_PREFIX"]
    return KafkaBus(KafkaSettings(bootstrap_servers=kafka_cluster.bootstrap, prefix=prefix, create_topics=False))


async def test_open_boards_of_both_processes_show_what_either_consumed_and_end_with_their_process(
    crew: Crew, addresses: Sequence[Address]
) -> None:
    boards = ("board-0", "board-1")
    seen = {name: asyncio.Event() for name in boards}
    async with httpx.AsyncClient(timeout=30) as client:
        following = [
            asyncio.create_task(_follow(client, f"{crew.url(name)}/board/{AREA}/{DATE}/stream", seen[name]))
            for name in boards
        ]
        for n in range(6):  # six keys: with two consumers each has some of them
            reply = await book(client, [crew.url("booking-0")], str(new_id()), request(addresses[n], DATE))
            assert reply.status_code == 201
        async with asyncio.timeout(60):
            await asyncio.gather(*(event.wait() for event in seen.values()))
        began = time.monotonic()
        for name in boards:
            crew.members[name].terminate()
        for name in boards:
            await asyncio.to_thread(crew.members[name].await_end, 20)
            assert crew.members[name].code == 0
        assert time.monotonic() - began < 15
        async with asyncio.timeout(5):
            await asyncio.gather(*following)


async def _follow(client: httpx.AsyncClient, url: str, six: asyncio.Event) -> None:
    """Read a board's stream to its end; tell when it shows six bookings."""
    async with client.stream("GET", url, timeout=None) as reply:
        reply.raise_for_status()
        async for line in reply.aiter_lines():
            if "<b>6</b> bookings" in line:
                six.set()


async def test_rooms_outlive_their_database_and_their_broker_and_come_back(
    crew: Crew, postgres_server: PostgresServer, kafka_cluster: KafkaCluster, addresses: Sequence[Address]
) -> None:
    doors = [crew.url("booking-0"), crew.url("booking-1")]
    processes = {name: member.pid for name, member in crew.members.items()}
    async with httpx.AsyncClient(timeout=30) as client:
        postgres_server.stop()
        try:
            refused = await book(client, doors, str(new_id()), request(addresses[0], DATE))
            assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
            assert (await client.get(f"{doors[0]}/healthz")).status_code == 200
            await soon(lambda: _ready(client, doors[0], 503), "not to be ready without a database")
            await asyncio.sleep(AWAY_SECONDS)
        finally:
            postgres_server.start()
        for door in doors:
            await soon(partial(_ready, client, door, 200), "to be ready with the database")

        broker = kafka_cluster.brokers[0]
        broker.kill()
        try:
            taken = await book(client, doors, str(new_id()), request(addresses[1], DATE))
            assert taken.status_code == 201
            await asyncio.sleep(AWAY_SECONDS)
            assert (await client.get(f"{doors[0]}/readyz")).json()["status"] == "degraded"
        finally:
            broker.start()
        assert set(await _said(crew, kafka_cluster, 1)) == {taken.json()["visit_id"]}
    assert {name: member.pid for name, member in crew.members.items() if member.code is None} == processes


async def _ready(client: httpx.AsyncClient, door: str, status: int) -> bool | None:
    return (await client.get(f"{door}/readyz")).status_code == status or None
