"""How fast events go through a room on PostgreSQL, beside SQLite: ``python -m tests.bench.bench_postgres``."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deploy.dev.postgres import PostgresServer, postgres
from deploy.dev.unavailable import Unavailable
from shared.bus.consumer import ConsumerSettings
from shared.bus.log import LogBus
from shared.db.relay import RelaySettings
from shared.db.session import Database
from tests.bench.bench_bus import KEYS, timed
from tests.bench.finding import Finding, show
from tests.contract.room import TinyRoom, fact

EVENTS = 1_000
WRITERS = 8
WAKE_UPS = 200

type Open = Callable[[str], TinyRoom]


async def write_rate(room: TinyRoom, writers: int) -> float:
    """Commit transactions of one event each, from so many tasks at once."""
    await room.create()
    share = EVENTS // writers

    async def write(number: int) -> None:
        for n in range(share):
            await room.say(fact(number, n + 1))

    with timed(share * writers) as rate:
        await asyncio.gather(*(write(number) for number in range(writers)))
    await room.db.close()
    return rate.per_second


async def through_rate(folder: Path, room: TinyRoom, reader: TinyRoom) -> float:
    """Outbox → relay → log → consumer, with an inbox row and an effect for each event."""
    await room.create()
    await reader.create()
    reader.settings = ConsumerSettings()
    bus = LogBus(folder / "through.sqlite")
    await bus.start()
    await room.say(*(fact(n % KEYS, n // KEYS + 1) for n in range(EVENTS)))
    stop = asyncio.Event()
    consumer = reader.consumer(bus)
    with timed(EVENTS) as rate:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(room.relay(bus, RelaySettings()).run(stop))
            tasks.create_task(consumer.run(stop))
            handled = reader.db.commits()
            while consumer.tally.handled < EVENTS:
                handled.clear()
                await handled.wait()
            stop.set()
    await bus.stop()
    for each in (room, reader):
        await each.db.close()
    return rate.per_second


async def wake_ups(server: PostgresServer) -> list[float]:
    """Return the milliseconds from a commit in one process's handle to its hint in another's."""
    url = server.url("wake_ups")
    writer, listener = (replace(TinyRoom.at(Path("unused")), db=Database(url)) for _ in range(2))
    await writer.create()
    heard = listener.db.commits()
    await writer.say(fact(1, 1))
    await asyncio.sleep(1)
    taken = []
    for n in range(WAKE_UPS):
        heard.clear()
        await writer.say(fact(1, n + 2))
        committed = time.perf_counter()
        await heard.wait()
        taken.append((time.perf_counter() - committed) * 1000)
        await asyncio.sleep(0.03)
    for each in (writer, listener):
        await each.db.close()
    return taken


async def measure(folder: Path, server: PostgresServer) -> list[Finding]:
    """Run everything once on each database."""

    def file(name: str) -> TinyRoom:
        return TinyRoom.at(folder / f"{name}.sqlite")

    def served(name: str) -> TinyRoom:
        return replace(file(name), db=Database(server.url(name)))

    opens: dict[str, Open] = {"SQLite": file, "PostgreSQL": served}
    findings = []
    for database, opened in opens.items():
        for writers in (1, WRITERS):
            rate = await write_rate(opened(f"write{writers}"), writers)
            findings.append(Finding(f"{database}: transactions from {writers} at once", f"{rate:,.0f}/s"))
        rate = await through_rate(folder / database, opened("say"), opened("hear"))
        findings.append(Finding(f"{database}: outbox → relay → inbox", f"{rate:,.0f} events/s"))
    taken = await wake_ups(server)
    p99 = statistics.quantiles(taken, n=100)[98]
    findings.append(
        Finding(
            "PostgreSQL: commit → the other process knows", f"p50 {statistics.median(taken):.1f} ms, p99 {p99:.1f} ms"
        )
    )
    return findings


def main() -> list[Finding]:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o711)
        for name in ("SQLite", "PostgreSQL"):
            (folder / name).mkdir()
        try:
            with postgres(folder / "server") as server:
                findings = asyncio.run(measure(folder, server))
        except Unavailable as error:
            print(error)
            return []
    show("A room on PostgreSQL and on SQLite, a disk write each commit", findings)
    return findings


if __name__ == "__main__":
    main()
