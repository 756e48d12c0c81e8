"""Buses on the shared broker, each test on topics of its own, and the broker with locks."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.dev.kafka import KafkaCluster
from deploy.dev.kafka.broker import Broker
from deploy.dev.unavailable import Unavailable
from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.events.topics import DEAD_LETTER_SUFFIX, TOPICS, VISITS
from tests.cli.conftest import rounds
from tests.kafka.secured import Secured, secured_cluster

__all__ = ["rounds"]

type OpenBus = Callable[[KafkaSettings], Awaitable[KafkaBus]]

FEW = {name: TOPICS[name] for name in (VISITS, VISITS + DEAD_LETTER_SUFFIX)}
"""Enough for most tests, and quicker to make than all."""


@pytest.fixture
def settings(kafka_cluster: KafkaCluster) -> KafkaSettings:
    """Settings of a room on the shared broker, with topics that no other test sees."""
    return KafkaSettings(bootstrap_servers=kafka_cluster.bootstrap, prefix=f"{uuid4().hex}.", publish_seconds=30)


@pytest.fixture
async def open_bus() -> AsyncIterator[OpenBus]:
    """Open buses; all are closed at the end."""
    opened: list[KafkaBus] = []

    async def open_one(settings: KafkaSettings) -> KafkaBus:
        bus = KafkaBus(settings, topics=FEW)
        opened.append(bus)
        await bus.start()
        return bus

    yield open_one
    for bus in opened:
        await bus.stop()


@pytest.fixture
def broker(kafka_cluster: KafkaCluster) -> Iterator[Broker]:
    """The shared broker, for tests that hurt it; it runs again afterwards."""
    if not kafka_cluster.brokers:
        pytest.skip("the broker was given by setting and is not ours to kill")
    (broker,) = kafka_cluster.brokers
    yield broker
    broker.resume() if broker.runs else broker.start()


@pytest.fixture(scope="session")
def secured() -> Iterator[Secured]:
    """The broker with locks."""
    with tempfile.TemporaryDirectory(prefix="rounds-kafka-") as folder:
        try:
            with secured_cluster(Path(folder)) as made:
                yield made
        except Unavailable as error:
            pytest.skip(f"skipped: {error}")
