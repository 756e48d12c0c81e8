"""The preflight: everything a room needs of Kafka, tried in the order in which it can go wrong."""

import asyncio
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    CorruptRecordException,
    GroupAuthorizationFailedError,
    KafkaError,
    NoError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shared.bus.kafka.client import client_options, explained, quieten, stop_consumer
from shared.bus.kafka.probes import addresses, connect, first_trouble
from shared.bus.kafka.settings import KafkaSettings
from shared.bus.kafka.topics import admin_client, plan
from shared.clock import Clock
from shared.errors import ConfigurationError, RoundsError
from shared.events.topics import DEAD_LETTER_SUFFIX, TopicSpec

GROUP = "check"
CLOCK_TOLERANCE = timedelta(seconds=5)
OFFERS = 10
CHECKSUM = struct.Struct(">I")
CHECKSUM_AT = 17
"""Where a batch of records carries its checksum (KIP-98)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried.

    Attributes:
        name: what.
        problem: what is wrong and what to do, in a sentence; None if all is well.
    """

    name: str
    problem: str | None = None


async def check(settings: KafkaSettings, topics: Mapping[str, TopicSpec], clock: Clock) -> list[Step]:
    """Return the steps taken, in order; only the last can have a problem, for it hides what would come after."""
    quieten()
    steps: list[Step] = []
    try:
        async for name in _all(settings, topics, clock):
            steps.append(Step(name))  # noqa: PERF401 - those that went well are kept when one does not
    except (RoundsError, KafkaError, OSError, TimeoutError) as error:
        steps.append(Step(ORDER[len(steps)], str(explained(error, settings))))
    return steps


ORDER = ("settings", "connection", "brokers", "topics", "reading", "writing", "clock")


async def _all(settings: KafkaSettings, topics: Mapping[str, TopicSpec], clock: Clock) -> AsyncIterator[str]:
    addresses(settings)
    client_options(settings)
    yield "settings"
    trouble = await first_trouble(settings)
    if trouble:
        raise ConfigurationError(trouble)
    yield "connection"
    async with admin_client(settings) as admin:
        await _check_brokers(admin, settings)
        yield "brokers"
        await _check_topics(admin, settings, topics)
        yield "topics"
    own = [settings.outside(spec.name) for spec in topics.values() if not spec.name.endswith(DEAD_LETTER_SUFFIX)]
    async with _consumer(settings, own) as consumer:
        yield "reading"
        await _check_writing(settings, topics)
        yield "writing"
        await _check_clock(consumer, clock)
        yield "clock"


async def _check_brokers(admin: AIOKafkaAdminClient, settings: KafkaSettings) -> None:
    cluster = await admin.describe_cluster()
    brokers = [(broker["host"], broker["port"]) for broker in cluster["brokers"]]
    if len(brokers) < settings.replication:
        raise ConfigurationError(
            f"{settings.replication} copies are wanted of each record, and there are {len(brokers)} brokers. "
            "Start the others, or lower ROUNDS_KAFKA_REPLICATION."
        )
    for host, port in brokers:
        try:
            await connect(host, port)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"Kafka sends us on to {host}:{port}, where it cannot be reached. "
                "Start that broker, or correct its advertised.listeners."
            ) from error


async def _check_topics(admin: AIOKafkaAdminClient, settings: KafkaSettings, topics: Mapping[str, TopicSpec]) -> None:
    changes = await plan(admin, settings, topics)
    missing = [change.topic for change in changes if change.create]
    if missing:
        raise ConfigurationError(
            f"{len(missing)} topics are missing, or we may not see them ({', '.join(missing[:3])}…). "
            "Run `rounds kafka topics apply`, or give the user the right to describe them."
        )
    if changes:
        raise ConfigurationError(
            f"{changes[0].topic} differs from the list: {changes[0].what}. See `rounds kafka topics apply --dry-run`."
        )


@asynccontextmanager
async def _consumer(settings: KafkaSettings, topics: list[str]) -> AsyncIterator[AIOKafkaConsumer]:
    """Join a group and read where nothing is yet: what a room does, without a trace."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=settings.outside(GROUP),
        auto_offset_reset="latest",
        enable_auto_commit=False,
        fetch_max_wait_ms=10,
    )
    consumer.subscribe(topics)
    try:
        await consumer.start()
        await consumer.getmany(timeout_ms=500)
        yield consumer
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError) as error:
        raise ConfigurationError(
            f"{settings.sasl_username or 'Everybody'} may not read ({error.args[0]}). "
            f"Allow Read on the topics and on the groups, {settings.outside(GROUP)} among them."
        ) from error
    finally:
        await stop_consumer(consumer)


async def _check_writing(settings: KafkaSettings, topics: Mapping[str, TopicSpec]) -> None:
    """Offer each topic a batch with a wrong checksum: a broker asks who we are before it looks, and stores nothing."""
    names = [settings.outside(spec.name) for spec in topics.values()]
    client = AIOKafkaClient(**client_options(settings))
    try:
        await client.bootstrap()
        await client.set_topics(names)
        for name in names:
            await _offer(client, name, settings)
    finally:
        await client.close()


async def _offer(client: AIOKafkaClient, topic: str, settings: KafkaSettings) -> None:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 10)
    builder.append(0, timestamp=0, key=b"check", value=b"", headers=[])
    batch = bytearray(builder.build())
    (checksum,) = CHECKSUM.unpack_from(batch, CHECKSUM_AT)
    CHECKSUM.pack_into(batch, CHECKSUM_AT, checksum ^ 1)
    request = ProduceRequest(
        transactional_id=None, required_acks=-1, timeout=5000, topics=[(topic, [(0, bytes(batch))])]
    )
    for attempt in range(OFFERS):
        leader = client.cluster.leader_for_partition(Partition(topic, 0))
        response = await client.send(leader, request)
        ((_topic, ((_partition, code, *_rest),)),) = response.topics
        error = for_code(code)
        if error is TopicAuthorizationFailedError:
            raise ConfigurationError(
                f"{settings.sasl_username or 'Everybody'} may not write to {topic}. Allow Write on it."
            )
        if error in {CorruptRecordException, NoError}:
            return
        if not error.retriable or attempt == OFFERS - 1:
            raise error
        await asyncio.sleep(0.2)  # a topic that was just made finds its leader a moment later
        await client.force_metadata_update()


async def _check_clock(consumer: AIOKafkaConsumer, clock: Clock) -> None:
    """Look for records from the future. The brokers do not tell the time; the newest records do."""
    latest = round((clock() + CLOCK_TOLERANCE).timestamp() * 1000)
    found = await consumer.offsets_for_times(dict.fromkeys(consumer.assignment(), latest))
    ahead = sorted(found[partition].timestamp for partition in found if found[partition] is not None)
    if ahead:
        seconds = ahead[-1] / 1000 - clock().timestamp()
        raise ConfigurationError(
            f"The newest record is {seconds:.0f} s ahead of this machine's clock. "
            "Set the clocks of this machine and of the others by a time server."
        )
