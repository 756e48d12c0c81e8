"""From a booking's request to its assignment on the bus, every room its own process, over Kafka and PostgreSQL.

``python -m tests.bench latency``. Bookings leave by a schedule, whatever became of those before, and are timed from the
scheduled moment. Each is followed on the topics by its visit: requested, located, planned, assigned.
"""

import asyncio
import datetime as dt
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any
from uuid import UUID

import httpx
import psutil

from services.demo import DemoDay, DemoWish, prepare
from services.dispatch.importing import import_rows as import_nurses
from services.sample.addresses import Address, base_of
from services.sample.people import nurses
from services.sample.rows import write_nurses
from shared.bus.port import Bus
from shared.clock import new_id, utc_now
from shared.events.booking import VisitRequested
from shared.events.dispatch import VisitAssigned
from shared.events.envelope import decode
from shared.events.geocoding import PlaceResolved, PlaceUnresolved
from shared.events.ids import VisitId
from shared.events.registry import Event
from shared.events.routing import RoutePlanned
from shared.events.topics import DAYS, PLACES, PLANS, VISITS
from tests.bench.finding import Finding, show
from tests.bench.rooms import ROOMS, Rooms, servers

RATE, SECONDS = 20.0, 30.0
PLANNED_DAYS, NURSES, BEFORE = 3, 45, 220
P50, P95 = 0.3, 1.0
SETTLE_SECONDS, PATIENCE = 12.0, 60.0
STAGES = ("on the bus", "located", "planned", "assigned")


@dataclass(slots=True)
class Trail:
    """When each visit reached each stage, on the clock of ``time.perf_counter``."""

    reached: dict[str, dict[VisitId, float]] = field(default_factory=lambda: {stage: {} for stage in STAGES})
    unresolved: set[VisitId] = field(default_factory=set)

    async def follow(self, bus: Bus) -> None:
        """Read the topics for as long as it is let."""
        async for record in bus.tail([VISITS, PLACES, PLANS, DAYS], from_start=True, follow=True):
            envelope = decode(record)
            if envelope.data is not None:
                self.note(envelope.data, time.perf_counter())

    def note(self, event: Event, now: float) -> None:
        """Note the first time that a visit is at a stage."""
        match event:
            case VisitRequested():
                self.reached["on the bus"].setdefault(event.visit_id, now)
            case PlaceResolved():
                self.reached["located"].setdefault(event.visit_id, now)
            case PlaceUnresolved():
                self.unresolved.add(event.visit_id)
            case RoutePlanned():
                for stop in event.route.stops:
                    if stop.visit_id:
                        self.reached["planned"].setdefault(stop.visit_id, now)
            case VisitAssigned():
                self.reached["assigned"].setdefault(event.visit_id, now)
            case _:
                pass


@dataclass(slots=True)
class Load:
    """Bookings for some days, sent by a schedule.

    Attributes:
        due: when each visit's booking was to be sent.
        replied: when its acknowledgement was there.
    """

    client: httpx.AsyncClient
    day: DemoDay
    dates: Sequence[dt.date]
    random: Random
    due: dict[VisitId, float] = field(default_factory=dict)
    replied: dict[VisitId, float] = field(default_factory=dict)

    async def run(self, count: int, rate: float) -> None:
        """Send bookings at random instants, so many a second."""
        due = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._send(due))
                due += self.random.expovariate(rate)

    async def _send(self, due: float) -> None:
        body = _booking(self.day, self.random.choice(self.day.addresses), self.random.choice(self.dates))
        reply = await self.client.post("/v1/bookings", json=body, headers={"idempotency-key": f'"{new_id()}"'})
        reply.raise_for_status()
        visit_id = VisitId(UUID(reply.json()["visit_id"]))
        self.due[visit_id], self.replied[visit_id] = due, time.perf_counter()


def _booking(day: DemoDay, house: Address, date: dt.date) -> dict[str, Any]:
    return {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Sample", "birth_date": "1980-04-12"},
        "address": {"line": f"{house.number} {house.street}, {house.city}, {house.state} {house.postcode}"},
        "any_time_on": [date.isoformat()],
        "area_id": day.area.id,
    }


async def _import_nurses(rooms: Rooms, day: DemoDay, dates: Sequence[dt.date], data: Path) -> None:
    async with httpx.AsyncClient(base_url=rooms.url("dispatch"), timeout=60) as client:
        for date in dates:
            rows = nurses(day.addresses, NURSES, replace(day.day, date=date), base_of(day.extract))
            write_nurses(data / "nurses.csv", rows)
            await import_nurses(client, data / "nurses.csv", lambda _done, _of: None)


async def _settled(trail: Trail, load: Load) -> None:
    """Wait until every visit has a nurse or a sentence of the geocoder's, or nothing more happens to them."""
    seen, quiet_since = -1, time.perf_counter()
    while time.perf_counter() - quiet_since < SETTLE_SECONDS:
        known = trail.reached["assigned"].keys() | trail.unresolved
        if load.due.keys() <= known:
            return
        if len(known) != seen:
            seen, quiet_since = len(known), time.perf_counter()
        await asyncio.sleep(0.1)


async def measure(data: Path) -> list[Finding]:
    """Return every figure of one run."""
    day = prepare(data, DemoWish(), lambda _what, _share: None, utc_now())
    dates = [day.date + dt.timedelta(days=number) for number in range(PLANNED_DAYS)]
    async with servers(data) as rooms:
        await rooms.start(ROOMS)
        bus = rooms.bus()
        await bus.start()
        trail = Trail()
        following = asyncio.create_task(trail.follow(bus))
        try:
            await _import_nurses(rooms, day, dates, data)
            async with httpx.AsyncClient(base_url=rooms.url("booking"), timeout=PATIENCE) as client:
                before = Load(client, day, dates, Random(1))  # noqa: S311 - a sample, not a secret
                await before.run(BEFORE * PLANNED_DAYS, RATE)
                await _settled(trail, before)
                await asyncio.sleep(SETTLE_SECONDS)  # the searches that follow are not what is measured
                load = Load(client, day, dates, Random(2))  # noqa: S311 - a sample, not a secret
                cpu, own, machine = rooms.cpu(), time.process_time(), psutil.getloadavg()[0]
                began = time.perf_counter()
                await load.run(round(RATE * SECONDS), RATE)
                await _settled(trail, load)
                took = time.perf_counter() - began
                used = {room: seconds - cpu[room] for room, seconds in rooms.cpu().items()}
                used["this bench"] = time.process_time() - own
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await bus.stop()
    return [
        *_latencies(trail, load),
        *_cpu(used, len(load.due), took),
        Finding("load average before", f"{machine:.1f}"),
    ]


def _latencies(trail: Trail, load: Load) -> list[Finding]:
    assigned = [visit for visit in load.due if visit in trail.reached["assigned"]]
    whole = [trail.reached["assigned"][visit] - load.due[visit] for visit in assigned]
    cuts = quantiles(whole, n=100)
    came = f"{len(load.due)} bookings at {RATE:.0f}/s into {PLANNED_DAYS} days: {len(assigned)} assigned"
    came += f", {len(load.due.keys() & trail.unresolved)} to review"
    findings = [
        Finding(
            "request → assignment event, p50", f"{1000 * cuts[49]:.0f} ms", f"< {1000 * P50:.0f} ms", cuts[49] < P50
        ),
        Finding("… p95", f"{1000 * cuts[94]:.0f} ms", f"< {1000 * P95:.0f} ms", cuts[94] < P95),
        Finding("… p99", f"{1000 * cuts[98]:.0f} ms ({came})"),
    ]
    steps = [
        ("due → acknowledged", load.due, load.replied),
        ("due → on the bus", load.due, trail.reached["on the bus"]),
    ]
    steps += [
        (f"{first} → {second}", trail.reached[first], trail.reached[second]) for first, second in pairwise(STAGES)
    ]
    for what, start, end in steps:
        parts = quantiles([end[visit] - start[visit] for visit in assigned if visit in start and visit in end], n=20)
        findings.append(Finding(f"  {what}, p50 / p95", f"{1000 * parts[9]:.0f} / {1000 * parts[18]:.0f} ms"))
    return findings


def _cpu(used: dict[str, float], bookings: int, took: float) -> list[Finding]:
    rows = [
        Finding(
            f"  CPU a booking, {room}", f"{1000 * seconds / bookings:.0f} ms ({100 * seconds / took:.0f} % of a core)"
        )
        for room, seconds in used.items()
    ]
    rooms = 1000 * sum(used[room] for room in ROOMS) / bookings
    return [Finding("CPU a booking, all rooms", f"{rooms:.0f} ms"), *rows]


def main() -> Sequence[Finding]:
    """Measure on a new data directory and print the table."""
    with tempfile.TemporaryDirectory() as data:
        findings = asyncio.run(measure(Path(data)))
        show("One booking through every room, over Kafka and PostgreSQL", findings)
    return findings


if __name__ == "__main__":
    main()
