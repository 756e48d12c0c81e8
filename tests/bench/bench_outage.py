"""The broker is away for minutes while bookings go on: ``python -m tests.bench outage``.

Every room runs as a process of its own over Kafka and PostgreSQL. The broker is killed, bookings come by a schedule
whatever became of those before, and the broker is started again; the clock of each outbox runs from the moment it
serves clients. ``OUTAGE_SECONDS`` changes how long it is away.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import httpx
import psutil

from services.demo import DemoDay, DemoWish, prepare
from services.sample.addresses import Address
from shared.clock import new_id, utc_now
from tests.bench.finding import Finding, show
from tests.bench.rooms import ROOMS, Rooms, servers

SECONDS = float(os.environ.get("OUTAGE_SECONDS", "300"))
RATE, DRAINED_IN = 20.0, 60.0
LOOK_SECONDS = 0.25
PATIENCE = 120.0


def _booking(day: DemoDay, house: Address) -> dict[str, Any]:
    return {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Sample", "birth_date": "1980-04-12"},
        "address": {"line": f"{house.number} {house.street}, {house.city}, {house.state} {house.postcode}"},
        "any_time_on": [day.date.isoformat()],
        "area_id": day.area.id,
    }


async def _waiting(rooms: Rooms, room: str) -> int:
    connection = await asyncpg.connect(rooms.server.url(f"rounds_{room}").replace("+asyncpg", ""))
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")
    finally:
        await connection.close()
    return count


async def _drained(rooms: Rooms, room: str, began: float) -> float | None:
    """Return the seconds until nothing waited in a room's outbox; None: it did not come to that in time."""
    while time.perf_counter() - began < PATIENCE:
        if await _waiting(rooms, room) == 0:
            return time.perf_counter() - began
        await asyncio.sleep(LOOK_SECONDS)
    return None


async def measure(data: Path) -> list[Finding]:
    """Return every figure of one run."""
    day = prepare(data, DemoWish(), lambda _what, _share: None, utc_now())
    chance = Random(1)  # noqa: S311 - a sample, not a secret
    statuses: list[int] = []
    slowest = 0.0
    async with servers(data) as rooms:
        await rooms.start(ROOMS)
        (broker,) = rooms.cluster.brokers
        async with httpx.AsyncClient(base_url=rooms.url("booking"), timeout=PATIENCE) as client:

            async def book(due: float) -> None:
                nonlocal slowest
                body = _booking(day, chance.choice(day.addresses))
                reply = await client.post("/v1/bookings", json=body, headers={"idempotency-key": f'"{new_id()}"'})
                statuses.append(reply.status_code)
                slowest = max(slowest, time.perf_counter() - due)

            broker.kill()
            began = due = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                while due < began + SECONDS:
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    group.create_task(book(due))
                    due += chance.expovariate(RATE)
            held = await _waiting(rooms, "booking")
            load = psutil.getloadavg()[0]
            await asyncio.to_thread(broker.start)
            back = time.perf_counter()
            drained = await _drained(rooms, "booking", back)
    taken = statuses.count(201)
    told = f"{drained:.1f} s" if drained is not None else f"not within {PATIENCE:.0f} s"
    return [
        Finding(
            f"bookings at {RATE:.0f}/s while the broker was away for {SECONDS:.0f} s",
            f"{taken:,} of {len(statuses):,} accepted; slowest {1000 * slowest:,.0f} ms",
            "all accepted",
            taken == len(statuses),
        ),
        Finding("events that waited in booking's outbox", f"{held:,}"),
        Finding(
            "broker serves again → outbox empty",
            f"{told}; load {load:.1f}",
            f"< {DRAINED_IN:.0f} s",
            drained is not None and drained < DRAINED_IN,
        ),
    ]


def main() -> Sequence[Finding]:
    """Measure on a new data directory and print the table."""
    with tempfile.TemporaryDirectory() as data:
        findings = asyncio.run(measure(Path(data)))
    show("The broker is away", findings)
    return findings


if __name__ == "__main__":
    main()
