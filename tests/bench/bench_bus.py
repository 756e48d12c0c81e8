"""How fast events go through the embedded bus: ``python -m tests.bench.bench_bus``."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.bus.consumer import ConsumerSettings
from shared.bus.log import LogBus
from shared.bus.port import Message
from shared.db.relay import RelaySettings
from shared.events.topics import VISITS
from tests.bench.finding import Finding, show
from tests.contract.room import TinyRoom, fact

BODY = b"x" * 600
EVENTS = 4_000
KEYS = 200


@dataclass
class Rate:
    """Events a second, filled in when the block ends."""

    per_second: float = 0.0


@contextmanager
def timed(events: int) -> Iterator[Rate]:
    """Measure a block that moves this many events."""
    rate = Rate()
    begun = time.perf_counter()
    yield rate
    rate.per_second = events / (time.perf_counter() - begun)


async def append_rate(bus: LogBus, batch: int, events: int) -> float:
    """Publish in batches, one after the other."""
    messages = [Message(VISITS, str(n % KEYS).encode(), BODY, {"ce_id": b"1"}) for n in range(batch)]
    with timed(events) as rate:
        for _ in range(events // batch):
            await bus.publish(messages)
    return rate.per_second


async def read_rate(bus: LogBus) -> float:
    """Poll and commit all there is, as a group without handlers."""
    async with bus.subscribe("reader", [VISITS]) as subscription:
        total = sum((await subscription.lag()).values())
        with timed(total) as rate:
            seen = 0
            while seen < total:
                records = await subscription.poll(100, 1.0)
                seen += len(records)
                await subscription.commit({record.lane: record.offset + 1 for record in records})
    return rate.per_second


async def through_rate(folder: Path, events: int, together: int) -> float:
    """Say events, so many a transaction; outbox → relay → log → consumer, inbox and an effect each."""
    folder.mkdir()
    room = TinyRoom.at(folder / "room.sqlite")
    room.settings = ConsumerSettings()
    reader = TinyRoom.at(folder / "reader.sqlite")
    reader.settings = ConsumerSettings()
    await room.create()
    await reader.create()
    bus = LogBus(folder / "through.sqlite")
    await bus.start()
    stop = asyncio.Event()
    consumer = reader.consumer(bus)
    with timed(events) as rate:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(room.relay(bus, RelaySettings()).run(stop))
            tasks.create_task(consumer.run(stop))
            for first in range(0, events, together):
                await room.say(*(fact(n % KEYS, n // KEYS + 1) for n in range(first, first + together)))
            while consumer.tally.handled < events:  # noqa: ASYNC110 - the tally gives no sign
                await asyncio.sleep(0.005)
            stop.set()
    await bus.stop()
    await room.db.close()
    await reader.db.close()
    return rate.per_second


async def consume_rate(folder: Path, events: int) -> float:
    """Consume a log that is there already: decode, inbox, effect, one transaction each."""
    room = TinyRoom.at(folder / "consume.sqlite")
    room.settings = ConsumerSettings()
    await room.create()
    bus = LogBus(folder / "through.sqlite")
    await bus.start()
    stop = asyncio.Event()
    consumer = room.consumer(bus, "again")
    with timed(events) as rate:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.run(stop))
            while consumer.tally.handled < events:  # noqa: ASYNC110 - the tally gives no sign
                await asyncio.sleep(0.005)
            stop.set()
    await bus.stop()
    await room.db.close()
    return rate.per_second


async def measure() -> dict[str, float]:
    """Return events a second by what was measured."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        bus = LogBus(folder / "log.sqlite")
        await bus.start()
        rates = {
            "append, one message a publish": await append_rate(bus, 1, EVENTS // 4),
            "append, 100 a publish": await append_rate(bus, 100, EVENTS * 5),
            "read and commit, 100 a poll": await read_rate(bus),
        }
        await bus.stop()
        rates["outbox to effect, said one a transaction"] = await through_rate(folder / "one", EVENTS, 1)
        rates["outbox to effect, said ten a transaction"] = await through_rate(folder / "ten", EVENTS, 10)
        rates["consumer alone, inbox and effect each"] = await consume_rate(folder / "one", EVENTS)
    return rates


def main() -> Sequence[Finding]:
    """Measure and print the table."""
    rates = asyncio.run(measure())
    findings = [Finding(what, f"{per_second:,.0f} events/s") for what, per_second in rates.items()]
    show("The embedded bus", findings)
    return findings


if __name__ == "__main__":
    main()
