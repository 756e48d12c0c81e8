"""Topics come from the one list: a dry run says what would be done, an apply does it, twice does nothing."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaProducer

from deploy.dev.kafka import KafkaCluster
from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.bus.kafka.topics import Change, admin_client, apply, plan
from shared.bus.port import Message
from shared.errors import ConfigurationError, TransientError
from shared.events.topics import BOOKING_REQUESTS, TOPICS, VISITS, TopicSpec
from tests.cli.conftest import Rounds
from tests.kafka.conftest import FEW, OpenBus

pytestmark = pytest.mark.kafka

SPEC = TopicSpec("rounds.test.thing.v1", "thing id", partitions=2, retention=timedelta(days=3))


async def planned(settings: KafkaSettings, spec: TopicSpec) -> list[Change]:
    """Return what would be done for one topic."""
    async with admin_client(settings) as admin:
        return await plan(admin, settings, {spec.name: spec})


async def applied(settings: KafkaSettings, spec: TopicSpec, *, grow: bool = False) -> list[Change]:
    """Bring one topic to the list; return what is left to do."""
    async with admin_client(settings) as admin:
        await apply(admin, settings, {spec.name: spec}, grow=grow)
        return await plan(admin, settings, {spec.name: spec})


async def test_a_plan_alone_changes_nothing(settings: KafkaSettings) -> None:
    (first,) = await planned(settings, SPEC)
    assert first.what == "create with 2 partitions, 1 replicas, keeping 3 days"
    assert [change.what for change in await planned(settings, SPEC)] == [first.what]


async def test_what_was_applied_needs_nothing_more(settings: KafkaSettings) -> None:
    assert await applied(settings, SPEC) == []


async def test_settings_follow_the_list_and_partitions_grow_only_when_asked_to(settings: KafkaSettings) -> None:
    await applied(settings, SPEC)
    wider = replace(SPEC, partitions=5, retention=timedelta(days=9), compacted=True)
    first, second = await planned(settings, wider)
    assert first.what.startswith("grow from 2 to 5 partitions; keys move to other lanes")
    assert first.by_hand
    assert second.what == "set cleanup.policy delete -> compact, retention.ms 259200000 -> 777600000"
    (left,) = await applied(settings, wider)
    assert left.what == first.what
    assert await applied(settings, wider, grow=True) == []


async def test_a_site_that_has_more_partitions_than_the_list_has_nothing_to_do(settings: KafkaSettings) -> None:
    await applied(settings, SPEC)
    assert await applied(settings, replace(SPEC, partitions=1)) == []


async def test_a_foreign_clock_does_not_decide_how_long_a_request_is_kept(settings: KafkaSettings) -> None:
    spec = TOPICS[BOOKING_REQUESTS]
    async with admin_client(settings) as admin:
        await apply(admin, settings, {spec.name: spec})
        assert await plan(admin, settings, {spec.name: spec}) == []
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    sent = await producer.send_and_wait(settings.outside(spec.name), b"v", timestamp_ms=1)
    await producer.stop()
    assert sent.timestamp > time.time() * 1000 - 3_600_000


async def test_replicas_are_left_to_the_operator(settings: KafkaSettings) -> None:
    await applied(settings, SPEC)
    (copies,) = (
        change for change in await planned(settings.model_copy(update={"replication": 3}), SPEC) if change.by_hand
    )
    assert "Kafka's own tools" in copies.what


async def test_what_the_brokers_refuse_is_told(settings: KafkaSettings) -> None:
    with pytest.raises(ConfigurationError, match=r"rounds\.test\.thing\.v1: .*replication factor"):
        await applied(settings.model_copy(update={"replication": 3}), SPEC)


async def test_a_starting_bus_makes_the_topics_that_are_missing(settings: KafkaSettings, open_bus: OpenBus) -> None:
    await open_bus(settings)
    async with admin_client(settings) as admin:
        assert await plan(admin, settings, FEW) == []


async def test_a_bus_that_may_not_make_topics_waits_until_they_are_there(
    settings: KafkaSettings, open_bus: OpenBus
) -> None:
    bus = await open_bus(settings.model_copy(update={"create_topics": False}))
    assert bus.trouble
    assert settings.prefix + VISITS in bus.trouble
    assert "rounds kafka topics apply" in bus.trouble
    with pytest.raises(TransientError, match="rounds kafka topics apply"):
        await bus.publish([Message(VISITS, b"k", b"v")])
    async with admin_client(settings) as admin:
        await apply(admin, settings, FEW)
    await bus.stop()
    await bus.start()
    await bus.publish([Message(VISITS, b"k", b"v")])


async def test_many_that_start_at_once_all_find_their_topics(settings: KafkaSettings) -> None:
    buses = [KafkaBus(settings, topics=FEW) for _ in range(4)]
    for bus in buses:
        await bus.start()
    assert [bus.trouble for bus in buses] == [None] * 4
    for bus in buses:
        await bus.stop()


def test_the_command_grows_a_topic_only_when_told_to(
    rounds: Rounds, settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDS_KAFKA_BOOTSTRAP_SERVERS", settings.bootstrap_servers)
    monkeypatch.setenv("ROUNDS_KAFKA_PREFIX", settings.prefix)
    narrow = {name: replace(spec, partitions=1) for name, spec in TOPICS.items()}
    narrow[VISITS] = replace(TOPICS[VISITS], partitions=TOPICS[VISITS].partitions + 1)

    async def make() -> None:
        async with admin_client(settings) as admin:
            await apply(admin, settings, narrow)

    asyncio.run(make())
    refused = [json.loads(line) for line in rounds("kafka", "topics", "apply", "--json").out.splitlines()]
    assert {entry["topic"] for entry in refused} == {
        settings.prefix + spec.name for spec in TOPICS.values() if spec.partitions > 1 and spec.name != VISITS
    }
    assert all(entry["by_hand"] and not entry["done"] for entry in refused)
    assert rounds("kafka", "topics", "apply").code == 1
    assert rounds("kafka", "topics", "apply", "--grow").code == 0
    assert rounds("kafka", "topics", "apply").out == f"All {len(TOPICS)} topics are as the list wants them.\n"


def test_the_command_says_what_it_would_do_and_does_it(
    rounds: Rounds, kafka_cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDS_KAFKA_BOOTSTRAP_SERVERS", kafka_cluster.bootstrap)
    monkeypatch.setenv("ROUNDS_KAFKA_PREFIX", "applied.")
    dry = [json.loads(line) for line in rounds("kafka", "topics", "apply", "--dry-run", "--json").out.splitlines()]
    assert [entry["topic"] for entry in dry] == [f"applied.{name}" for name in TOPICS]
    assert not any(entry["done"] for entry in dry)
    done = rounds("kafka", "topics", "apply")
    assert done.code == 0
    assert f"applied.{VISITS}" in done.out
    assert rounds("kafka", "topics", "apply").out == f"All {len(TOPICS)} topics are as the list wants them.\n"
