"""What goes wrong between a room and its brokers, and what becomes of it: nothing is lost, and little is said."""

import asyncio
import logging
import time
from collections import Counter
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deploy.dev.kafka import kafka
from deploy.dev.kafka.broker import Broker
from deploy.dev.unavailable import Unavailable
from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.bus.kafka.client import quieten
from shared.bus.port import Bus, LaneRevokedError, Message, Record
from shared.errors import TransientError
from shared.events.topics import VISITS
from tests.contract.conditions import until
from tests.kafka.conftest import FEW, OpenBus

pytestmark = pytest.mark.kafka


def numbered(first: int, count: int) -> list[Message]:
    """Return messages of eight keys, numbered in their values."""
    return [Message(VISITS, b"key-%d" % (n % 8), b"%d" % n) for n in range(first, first + count)]


async def all_values(bus: Bus) -> list[int]:
    """Return the numbers on the topic."""
    return [int(record.value) async for record in bus.tail([VISITS], from_start=True, follow=False)]


async def well(bus: Bus) -> None:
    """Wait until the bus can be used."""

    async def answers() -> bool:
        return bus.trouble is None

    await until(answers)


async def publish_until_taken(bus: Bus, messages: list[Message]) -> int:
    """Publish as a relay does, the same batch again until it is taken; return how often it was tried."""
    tries = 0
    while True:
        tries += 1
        try:
            await bus.publish(messages)
        except TransientError:
            await asyncio.sleep(0.1)
        else:
            return tries


async def test_a_bus_starts_without_its_broker_and_finds_it_when_it_comes(
    settings: KafkaSettings, open_bus: OpenBus, broker: Broker
) -> None:
    broker.kill()
    began = time.monotonic()
    with capture_logs() as logs:
        bus = await open_bus(settings)
        assert time.monotonic() - began < 5
        assert bus.trouble
        assert f"Nothing listens at {broker.address}" in bus.trouble
        with pytest.raises(TransientError, match="Nothing listens"):
            await bus.publish(numbered(0, 1))
        with pytest.raises(TransientError, match="Nothing listens"):
            async with bus.subscribe("g", [VISITS]):
                pass

        async def looked_for_again() -> bool:
            return bus.failures >= 4

        await until(looked_for_again)
        await asyncio.to_thread(broker.start)
        await publish_until_taken(bus, numbered(0, 10))
    assert sorted(await all_values(bus)) == list(range(10))
    said = [entry["event"] for entry in logs]
    assert said == ["lost_kafka", "created_topics", "found_kafka"]
    assert logs[-1]["failures"] >= 4


async def test_sends_that_wait_while_the_broker_dies_and_comes_back_all_arrive_once_and_in_order(
    settings: KafkaSettings, open_bus: OpenBus, broker: Broker
) -> None:
    bus = await open_bus(settings)
    await bus.publish(numbered(0, 8))
    lines = quieten().warnings
    with capture_logs() as logs:
        await asyncio.to_thread(broker.kill)
        sends = [asyncio.create_task(bus.publish(numbered(8 + 10 * n, 10))) for n in range(20)]
        await asyncio.sleep(1)
        assert not any(send.done() for send in sends)
        await asyncio.to_thread(broker.start)
        await asyncio.gather(*sends)
        await well(bus)
    records = [record async for record in bus.tail([VISITS], from_start=True, follow=False)]
    assert sorted(int(record.value) for record in records) == list(range(208))
    by_key: dict[bytes, list[int]] = {}
    for record in records:
        by_key.setdefault(record.key, []).append(int(record.value))
    assert all(numbers == sorted(numbers) for numbers in by_key.values())
    assert [entry["event"] for entry in logs] == ["lost_kafka", "found_kafka"]
    assert logs[1]["silenced_lines"] > 0
    assert quieten().warnings > lines


def test_the_library_s_lines_reach_no_log_but_are_counted() -> None:
    counted = quieten()
    before = counted.warnings
    said: list[logging.LogRecord] = []
    root = logging.Handler()
    root.emit = said.append  # type: ignore[assignment,method-assign]
    logging.getLogger().addHandler(root)
    for _ in range(10):
        logging.getLogger("aiokafka.client").error("Unable connect to node with id %s", 1)
    logging.getLogger().removeHandler(root)
    assert quieten() is counted
    assert counted.warnings == before + 10
    assert said == []


def test_a_bug_inside_the_library_is_logged() -> None:
    quieten()
    with capture_logs() as logs:
        try:
            raise KeyError("v")  # noqa: TRY301 - as the library's own task would
        except KeyError:
            logging.getLogger("aiokafka.consumer").exception("Unexpected error in fetcher routine")
    assert [entry["event"] for entry in logs] == ["failed_inside_kafka_client"]


async def test_a_send_that_nobody_acknowledges_is_given_up_and_sent_again_by_a_new_producer(
    settings: KafkaSettings, open_bus: OpenBus, broker: Broker
) -> None:
    bus = await open_bus(settings.model_copy(update={"publish_seconds": 1.0}))
    await bus.publish(numbered(0, 8))
    broker.pause()
    began = time.monotonic()
    with pytest.raises(TransientError, match="did not answer in time"):
        await bus.publish(numbered(8, 8))
    assert time.monotonic() - began < 3
    broker.resume()
    await publish_until_taken(bus, numbered(8, 8))
    assert set(await all_values(bus)) == set(range(16))
    assert bus.rebuilt >= 1


async def test_a_broker_that_freezes_for_longer_than_the_session_costs_nothing(
    settings: KafkaSettings, open_bus: OpenBus, broker: Broker
) -> None:
    quick = settings.model_copy(update={"session_seconds": 2.0, "request_seconds": 3.0, "publish_seconds": 2.0})
    bus = await open_bus(quick)
    got: list[Record] = []
    stop = asyncio.Event()

    async def consume() -> None:
        while not stop.is_set():
            try:
                async with bus.subscribe("g", [VISITS]) as subscription:
                    while not stop.is_set():
                        records = await subscription.poll(100, 0.2)
                        if not records:
                            await subscription.lag()
                            continue
                        got.extend(records)
                        await subscription.commit({record.lane: record.offset + 1 for record in records})
            except (TransientError, LaneRevokedError):
                await asyncio.sleep(0.1)

    consuming = asyncio.create_task(consume())
    await bus.publish(numbered(0, 50))
    broker.pause()
    frozen = asyncio.create_task(publish_until_taken(bus, numbered(50, 50)))
    await asyncio.sleep(5)
    broker.resume()
    await frozen

    async with asyncio.timeout(60):
        while {int(record.value) for record in got} != set(range(100)):  # noqa: ASYNC110 - it comes from many tries
            await asyncio.sleep(0.05)
    stop.set()
    await consuming


async def test_of_three_brokers_one_may_die(tmp_path: Path) -> None:
    try:
        with kafka(tmp_path / "three", brokers=3) as cluster:
            settings = KafkaSettings(bootstrap_servers=cluster.bootstrap, replication=3, publish_seconds=20)
            bus = KafkaBus(settings, topics=FEW)
            await bus.start()
            assert bus.trouble is None
            slowest = 0.0
            for n in range(30):
                if n == 10:
                    await asyncio.to_thread(cluster.brokers[0].kill)
                began = time.monotonic()
                await publish_until_taken(bus, numbered(10 * n, 10))
                slowest = max(slowest, time.monotonic() - began)
                await asyncio.sleep(0.02)
            assert Counter(await all_values(bus)) == Counter(range(300))
            assert slowest < 15
            async with bus.subscribe("g", [VISITS]) as subscription:
                came: list[Record] = []
                async with asyncio.timeout(20):
                    while len(came) < 300:
                        came += await subscription.poll(100, 1)
                await subscription.commit({record.lane: record.offset + 1 for record in came})
            await bus.stop()
    except Unavailable as error:
        pytest.skip(f"skipped: {error}")


async def test_a_rebalance_between_a_poll_and_its_commit_costs_a_redelivery_at_most(
    settings: KafkaSettings, open_bus: OpenBus
) -> None:
    bus = await open_bus(settings)
    await bus.publish(numbered(0, 80))
    async with bus.subscribe("g", [VISITS]) as old:
        mine: list[Record] = []
        while len(mine) < 80:
            mine += await old.poll(100, 5)
        async with bus.subscribe("g", [VISITS]) as new:
            yours: list[Record] = []
            async with asyncio.timeout(10):
                while not yours:
                    yours += await new.poll(100, 0.2)
            lost = {record.lane for record in yours}
            assert lost
            assert lost < {record.lane for record in mine}
            with pytest.raises(LaneRevokedError):
                await old.commit({record.lane: record.offset + 1 for record in mine})
            kept = {record.lane: record.offset + 1 for record in mine if record.lane not in lost}
            await old.commit(kept)
            assert await old.poll(100, 0.5) == []  # what was in hand is not handed out again
            lag = await old.lag()
            assert lost.isdisjoint(lag)
            assert set(kept) <= set(lag)
            assert set(lag.values()) == {0}


async def test_a_named_member_that_comes_back_takes_its_lanes_up_where_it_stood(
    settings: KafkaSettings, open_bus: OpenBus
) -> None:
    one = await open_bus(settings.model_copy(update={"instance": "booking-0"}))
    two = await open_bus(settings.model_copy(update={"instance": "booking-1"}))
    await one.publish(numbered(0, 40))
    async with two.subscribe("g", [VISITS]) as stays:
        async with one.subscribe("g", [VISITS]) as leaves:
            await leaves.poll(1, 1)
            before = set(await stays.lag())
            assert len(before) == 3
        await asyncio.sleep(1.5)  # three heartbeats: a group that is dealt anew would show by now
        assert set(await stays.lag()) == before
        began = time.monotonic()
        async with one.subscribe("g", [VISITS]) as back:
            assert time.monotonic() - began < 2
            assert set(await back.lag()).isdisjoint(before)
            assert set(await stays.lag()) == before
