"""Which adapters stand before the contract. A new one joins by one entry in ``HANDLES``."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.dev.kafka import KafkaCluster
from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.bus.log import LogBus
from shared.bus.port import Bus
from shared.events.topics import DAYS, DEAD_LETTER_SUFFIX, TOPICS, VISITS
from tests.contract.room import TinyRoom

type OpenBus = Callable[[], Awaitable[Bus]]

KAFKA_FILE = "kafka.json"
TOUCHED = [name + suffix for name in (VISITS, DAYS) for suffix in ("", DEAD_LETTER_SUFFIX)]
"""The topics these tests use; making all of them for each test would take longer than the tests."""


def log_handle(folder: Path) -> Bus:
    """Return a fresh handle on the one log of a test, as another process would hold it."""
    return LogBus(folder / "log.sqlite", poll_seconds=0.02)


def kafka_handle(folder: Path) -> Bus:
    """Return a handle on the topics of one test; their prefix and their broker stand in the test's folder."""
    settings = KafkaSettings.model_validate_json((folder / KAFKA_FILE).read_text())
    return KafkaBus(settings, topics={name: TOPICS[name] for name in TOUCHED})


HANDLES = {"kafka": kafka_handle, "log": log_handle}
ADAPTERS = [pytest.param("kafka", marks=pytest.mark.kafka), "log"]


def write_kafka_file(folder: Path, cluster: KafkaCluster, instance: str = "") -> None:
    """Give a test topics of its own on the shared broker.

    Args:
        folder: the test's.
        cluster: where.
        instance: a name that a process keeps over its death; the next of that name then takes over at once.
    """
    settings = KafkaSettings(bootstrap_servers=cluster.bootstrap, prefix=f"{uuid4().hex}.", instance=instance)
    (folder / KAFKA_FILE).write_text(settings.model_dump_json())


@pytest.fixture(params=ADAPTERS)
async def open_bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenBus]:
    """Open further handles on the same bus; all are closed at the end."""
    opened: list[Bus] = []
    if request.param == "kafka":
        write_kafka_file(tmp_path, request.getfixturevalue("kafka_cluster"))

    async def open_one() -> Bus:
        bus = HANDLES[request.param](tmp_path)
        await bus.start()
        opened.append(bus)
        return bus

    yield open_one
    for bus in opened:
        await bus.stop()


@pytest.fixture
async def bus(open_bus: OpenBus) -> Bus:
    """Open one handle."""
    return await open_bus()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[TinyRoom]:
    """Create a room with its tables."""
    made = TinyRoom.at(tmp_path / "room.sqlite")
    await made.create()
    yield made
    await made.db.close()
