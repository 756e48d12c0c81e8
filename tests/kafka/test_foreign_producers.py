"""What producers of others do that ours do not: they compress, and they have transactions."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaProducer

from shared.bus.kafka import KafkaSettings
from shared.bus.port import Record, Subscription
from shared.events.topics import RECORD_BYTES, VISITS
from tests.kafka.conftest import OpenBus
from tests.kafka.test_foreign_client import kcat

pytestmark = pytest.mark.kafka
needs_kcat = pytest.mark.skipif(shutil.which("kcat") is None, reason="skipped: no kcat (Debian: apt install kcat)")


async def next_values(subscription: Subscription, count: int) -> list[bytes]:
    """Return the next values, and commit that they were read."""
    found: list[Record] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += await subscription.poll(100, 1)
    await subscription.commit({record.lane: record.offset + 1 for record in found})
    return sorted(record.value for record in found)


@needs_kcat
async def test_records_of_every_codec_are_read(settings: KafkaSettings, open_bus: OpenBus) -> None:
    bus = await open_bus(settings)
    codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
    for codec in codecs:
        write = ["-P", "-t", settings.outside(VISITS), "-k", codec, "-z", codec]
        await asyncio.to_thread(kcat, settings, *write, stdin=codec.encode() * 100)
    async with bus.subscribe("g", [VISITS]) as subscription:
        values = await next_values(subscription, len(codecs))
    assert values == sorted(codec.encode() * 100 for codec in codecs)


@needs_kcat
async def test_what_is_small_only_as_long_as_it_is_compressed_is_refused(
    settings: KafkaSettings, open_bus: OpenBus
) -> None:
    bus = await open_bus(settings)
    write = [
        "-P",
        "-t",
        settings.outside(VISITS),
        "-z",
        "gzip",
        "-D",
        "|",
        "-X",
        f"message.max.bytes={9 * RECORD_BYTES}",
    ]
    with pytest.raises(subprocess.CalledProcessError, match="kcat"):
        await asyncio.to_thread(kcat, settings, *write, stdin=bytes(2 * RECORD_BYTES))
    assert [record async for record in bus.tail([VISITS], from_start=True, follow=False)] == []


@pytest.fixture
async def transactional(settings: KafkaSettings) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, transactional_id=settings.prefix)
    yield producer
    await producer.stop()


async def test_what_was_taken_back_is_not_read_and_a_finished_transaction_leaves_nothing_waiting(
    settings: KafkaSettings, open_bus: OpenBus, transactional: AIOKafkaProducer
) -> None:
    bus = await open_bus(settings)
    topic = settings.outside(VISITS)
    await transactional.start()
    async with transactional.transaction():
        await transactional.send_and_wait(topic, b"meant", partition=0)
    await transactional.begin_transaction()
    await transactional.send_and_wait(topic, b"taken back", partition=0)
    await transactional.abort_transaction()
    async with transactional.transaction():
        await transactional.send_and_wait(topic, b"meant too", partition=0)
    async with bus.subscribe("g", [VISITS]) as subscription:
        assert await next_values(subscription, 2) == [b"meant", b"meant too"]
        assert await subscription.poll(100, 0.5) == []
        assert set((await subscription.lag()).values()) == {0}
    assert [r.value async for r in bus.tail([VISITS], from_start=True, follow=False)] == [b"meant", b"meant too"]
