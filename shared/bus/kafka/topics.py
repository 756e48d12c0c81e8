"""Topics on the brokers: what the one list wants, what is there, and the step from one to the other."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.admin.new_partitions import NewPartitions
from aiokafka.errors import KafkaError, for_code

from shared.bus.kafka.client import client_options, explained, quietly_stopped
from shared.bus.kafka.settings import KafkaSettings
from shared.errors import ConfigurationError, TransientError
from shared.events.topics import DEAD_LETTER_SUFFIX, RECORD_BYTES, TopicSpec

NOTES_BYTES = 1 << 16
"""What a burial adds to a record: even the largest must fit among the dead letters."""
TAKEN_IN_SECONDS = 10.0
ALREADY_EXISTS = 36
DYNAMIC = 1
"""Kafka's number for a setting that was made on the topic itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """One step.

    Attributes:
        topic: as the brokers know it.
        what: a sentence.
        create: the topic to make.
        partitions: the number to grow to.
        configs: all settings the topic is to have.
        by_hand: what only an operator can do; nothing is done here.
    """

    topic: str
    what: str
    create: NewTopic | None = None
    partitions: int | None = None
    configs: Mapping[str, str] | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as it is on the brokers."""

    partitions: int
    replication: int
    configs: Mapping[str, str]


@asynccontextmanager
async def admin_client(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open an administrator's connection.

    Raises:
        TransientError: the brokers are away, or refuse.
    """
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError, TimeoutError) as error:
        raise explained(error, settings) from error
    finally:
        await quietly_stopped(admin.close(), "admin")


async def plan(
    admin: AIOKafkaAdminClient, settings: KafkaSettings, topics: Mapping[str, TopicSpec], *, grow: bool = False
) -> list[Change]:
    """Return the steps from what is on the brokers to what the list wants; nothing is done.

    Args:
        admin: see ``admin_client()``.
        settings: names and replication.
        topics: the list.
        grow: give topics that exist more partitions, where the list wants more. Their keys then move to other lanes,
            and what is new of a key may be handled before what is old; without it that is left to do by hand.
    """
    names = {settings.outside(spec.name): spec for spec in topics.values()}
    found = await _look(admin, list(names))
    changes: list[Change] = []
    for name, spec in names.items():
        changes += _steps(name, spec, found.get(name), settings, grow=grow)
    return changes


async def apply(
    admin: AIOKafkaAdminClient,
    settings: KafkaSettings,
    topics: Mapping[str, TopicSpec],
    *,
    only_missing: bool = False,
    grow: bool = False,
) -> list[Change]:
    """Plan, take the steps, and wait until the brokers have taken them in.

    A topic that somebody else makes meanwhile is left to them.

    Args:
        admin: see ``admin_client()``.
        settings: names and replication.
        topics: the list.
        only_missing: make topics and change none.
        grow: see ``plan()``.

    Returns:
        The steps taken, and those left to do by hand.

    Raises:
        ConfigurationError: the brokers refuse one; says why.
        TransientError: they do not take it in.
    """
    changes = [change for change in await plan(admin, settings, topics, grow=grow) if change.create or not only_missing]
    await _take(admin, changes)
    taken = {change.topic for change in changes if not change.by_hand}

    async def shown() -> bool:
        left = await plan(admin, settings, topics, grow=grow)
        return not any(change.topic in taken and not change.by_hand for change in left)

    try:
        async with asyncio.timeout(TAKEN_IN_SECONDS):
            while not await shown():  # noqa: ASYNC110 - brokers learn it after the one that did it, and give no sign
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise TransientError("Kafka took the topics in and does not show them. Run the command again.") from None
    return changes


async def _take(admin: AIOKafkaAdminClient, changes: Sequence[Change]) -> None:
    created = [change.create for change in changes if change.create]
    if created:
        response = await admin.create_topics(created, timeout_ms=10_000)
        _check((name, code, note) for name, code, note in response.topic_errors if code != ALREADY_EXISTS)
    grown = {
        change.topic: NewPartitions(change.partitions) for change in changes if change.partitions and not change.by_hand
    }
    if grown:
        response = await admin.create_partitions(grown)
        _check(response.topic_errors)
    settled = [
        ConfigResource(ConfigResourceType.TOPIC, change.topic, dict(change.configs))
        for change in changes
        if change.configs
    ]
    if settled:
        for response in await admin.alter_configs(settled):
            _check((name, code, note) for code, note, _kind, name in response.resources)


def configs_of(spec: TopicSpec, settings: KafkaSettings) -> dict[str, str]:
    """Return the settings a topic is to have on the brokers."""
    room = NOTES_BYTES if spec.name.endswith(DEAD_LETTER_SUFFIX) else 0
    # A foreign producer's clock must not decide how long patients' names are kept.
    stamped = {"message.timestamp.type": "LogAppendTime"} if spec.inbound else {}
    return {
        **stamped,
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "retention.ms": str(spec.retention // timedelta(milliseconds=1)),
        "max.message.bytes": str(RECORD_BYTES + room),
        "min.insync.replicas": str(settings.replication // 2 + 1),
        "compression.type": "uncompressed",  # what others compress, by whatever codec, we can read and is no bomb
    }


def _steps(name: str, spec: TopicSpec, found: Found | None, settings: KafkaSettings, *, grow: bool) -> list[Change]:
    wanted = configs_of(spec, settings)
    if found is None:
        kept = "the last record of each key" if spec.compacted else f"{spec.retention.days} days"
        what = f"create with {spec.partitions} partitions, {settings.replication} replicas, keeping {kept}"
        topic = NewTopic(name, spec.partitions, settings.replication, topic_configs=wanted)
        return [Change(name, what, create=topic)]
    changes = []
    if found.partitions < spec.partitions:
        what = f"grow from {found.partitions} to {spec.partitions} partitions; keys move to other lanes"
        if not grow:
            what += ": stop what publishes, let the rooms read to the end, then use --grow"
        changes.append(Change(name, what, partitions=spec.partitions, by_hand=not grow))
    if found.replication != settings.replication:
        what = f"has {found.replication} replicas, not {settings.replication}: reassign it with Kafka's own tools"
        changes.append(Change(name, what, by_hand=True))
    different = {key: value for key, value in wanted.items() if found.configs.get(key) != value}
    if different:
        what = "set " + ", ".join(f"{key} {found.configs.get(key, '-')} -> {value}" for key, value in different.items())
        changes.append(Change(name, what, configs={**found.configs, **wanted}))
    return changes


async def _look(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Found]:
    described: list[dict[str, Any]] = await admin.describe_topics()
    there = {topic["topic"]: topic["partitions"] for topic in described if topic["topic"] in names}
    if not there:
        return {}
    configs: dict[str, dict[str, str]] = {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
    for response in await admin.describe_configs(resources):
        _check((name, code, note) for code, note, _kind, name, _entries in response.resources)
        for _code, _note, _kind, name, entries in response.resources:
            configs[name] = {entry[0]: entry[1] for entry in entries if entry[3] == DYNAMIC}
    return {
        name: Found(len(partitions), min(len(each["replicas"]) for each in partitions), configs[name])
        for name, partitions in there.items()
    }


def _check(results: Any) -> None:  # noqa: ANN401 - tuples of the protocol
    for name, code, note in results:
        if code:
            raise ConfigurationError(f"Kafka refuses the change of topic {name}: {note or for_code(code).__name__}.")
