"""From a booking's request to its assignment on the bus, every room its own process, over Kafka and PostgreSQL.

``python -m tests.bench latency``. Bookings leave by a schedule, whatever became of those before, and are timed from the
scheduled moment. Each is followed on the topics by its visit: requested, located, planned, assigned.

They are spread as a company's are: over four areas and the next five days, into days that have some visits already.
For comparison some then go to two days of one area.
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
from shared.areas import Area
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
from tests.bench.copied_areas import copied_areas
from tests.bench.finding import Finding, show
from tests.bench.rooms import ROOMS, Rooms, servers

RATE = 20.0
SPREAD_SECONDS, NARROW_SECONDS = 30.0, 10.0
AREAS, DAYS_AHEAD, NURSES, BEFORE = 4, 5, 6, 10
NARROW_DAYS, NARROW_NURSES, NARROW_BEFORE = 2, 24, 80
P50, P95 = 0.3, 1.0
SETTLE_SECONDS, PATIENCE = 8.0, 60.0
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


@dataclass(frozen=True, slots=True)
class Target:
    """A day of an area that bookings are for."""

    area: Area
    date: dt.date


@dataclass(slots=True)
class Load:
    """Bookings for some days, sent by a schedule.

    Attributes:
        due: when each visit's booking was to be sent.
        replied: when its acknowledgement was there.
    """

    client: httpx.AsyncClient
    addresses: Sequence[Address]
    random: Random
    due: dict[VisitId, float] = field(default_factory=dict)
    replied: dict[VisitId, float] = field(default_factory=dict)

    async def run(self, targets: Sequence[Target], count: int) -> None:
        """Send bookings at random instants, ``RATE`` a second."""
        due = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(count):
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(self._send(self.random.choice(targets), due))
                due += self.random.expovariate(RATE)

    async def _send(self, target: Target, due: float) -> None:
        body = _booking(target, self.random.choice(self.addresses))
        reply = await self.client.post("/v1/bookings", json=body, headers={"idempotency-key": f'"{new_id()}"'})
        reply.raise_for_status()
        visit_id = VisitId(UUID(reply.json()["visit_id"]))
        self.due[visit_id], self.replied[visit_id] = due, time.perf_counter()


def _booking(target: Target, house: Address) -> dict[str, Any]:
    return {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Sample", "birth_date": "1980-04-12"},
        "address": {"line": f"{house.number} {house.street}, {house.city}, {house.state} {house.postcode}"},
        "any_time_on": [target.date.isoformat()],
        "area_id": target.area.id,
    }


async def _import_nurses(rooms: Rooms, day: DemoDay, targets: Sequence[Target], count: int, data: Path) -> None:
    async with httpx.AsyncClient(base_url=rooms.url("dispatch"), timeout=60) as client:
        for target in targets:
            theirs = replace(day.day, area_id=target.area.id, date=target.date)
            rows = nurses(day.addresses, count, theirs, base_of(day.extract))
            named = [replace(row, external_id=f"{target.area.id}-{row.external_id}") for row in rows]
            write_nurses(data / "nurses.csv", named)
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


@dataclass(slots=True)
class Measured:
    """One load on the rooms.

    Attributes:
        used: CPU seconds meanwhile, of each room.
        took: seconds.
        machine: load average before.
    """

    load: Load
    used: dict[str, float]
    took: float
    machine: float


async def _measure(rooms: Rooms, trail: Trail, load: Load, targets: Sequence[Target], seconds: float) -> Measured:
    cpu, own, machine = rooms.cpu(), time.process_time(), psutil.getloadavg()[0]
    began = time.perf_counter()
    await load.run(targets, round(RATE * seconds))
    await _settled(trail, load)
    took = time.perf_counter() - began
    used = {room: spent - cpu[room] for room, spent in rooms.cpu().items()}
    return Measured(load, {**used, "this bench": time.process_time() - own}, took, machine)


async def measure(data: Path) -> list[Finding]:
    """Return every figure of one run."""
    day = prepare(data, DemoWish(), lambda _what, _share: None, utc_now())
    *areas, one = copied_areas(data, day.area, AREAS + 1)
    ahead = [day.date + dt.timedelta(days=number) for number in range(DAYS_AHEAD)]
    spread = [Target(area, date) for area in areas for date in ahead]
    narrow = [Target(one, date) for date in ahead[:NARROW_DAYS]]
    async with servers(data) as rooms:
        await rooms.start(ROOMS)
        bus = rooms.bus()
        await bus.start()
        trail = Trail()
        following = asyncio.create_task(trail.follow(bus))
        try:
            await _import_nurses(rooms, day, spread, NURSES, data)
            await _import_nurses(rooms, day, narrow, NARROW_NURSES, data)
            async with httpx.AsyncClient(base_url=rooms.url("booking"), timeout=PATIENCE) as client:

                def load(seed: int) -> Load:
                    return Load(client, day.addresses, Random(seed))  # noqa: S311 - a sample, not a secret

                before = load(1)
                async with asyncio.TaskGroup() as group:
                    group.create_task(before.run(spread, BEFORE * len(spread)))
                    group.create_task(before.run(narrow, NARROW_BEFORE * len(narrow)))
                await _settled(trail, before)
                await asyncio.sleep(SETTLE_SECONDS)  # the searches that follow are not what is measured
                usual = await _measure(rooms, trail, load(2), spread, SPREAD_SECONDS)
                crowded = await _measure(rooms, trail, load(3), narrow, NARROW_SECONDS)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await bus.stop()
    return [
        *_found(trail, usual, f"{AREAS} areas × {DAYS_AHEAD} days", has_target=True),
        *_found(trail, crowded, f"1 area × {NARROW_DAYS} days", has_target=False),
    ]


def _found(trail: Trail, measured: Measured, where: str, *, has_target: bool) -> list[Finding]:
    return [
        *_latencies(trail, measured.load, where, has_target=has_target),
        *_cpu(measured.used, len(measured.load.due), measured.took),
        Finding("load average before", f"{measured.machine:.1f}"),
    ]


def _latencies(trail: Trail, load: Load, where: str, *, has_target: bool) -> list[Finding]:
    assigned = [visit for visit in load.due if visit in trail.reached["assigned"]]
    whole = [trail.reached["assigned"][visit] - load.due[visit] for visit in assigned]
    cuts = quantiles(whole, n=100)
    came = f"{len(load.due)} bookings: {len(assigned)} assigned, {len(load.due.keys() & trail.unresolved)} to review"
    what = f"{RATE:.0f}/s into {where}, request → assignment event"
    findings = [
        _at_most(f"{what}, p50", cuts[49], P50 if has_target else None),
        _at_most("… p95", cuts[94], P95 if has_target else None),
        Finding("… p99", f"{1000 * cuts[98]:.0f} ms ({came})"),
    ]
    steps = [
        ("due → acknowledged", load.due, load.replied),
        ("due → on the bus", load.due, trail.reached["on the bus"]),
    ]
    steps += [
        (f"{first} → {second}", trail.reached[first], trail.reached[second]) for first, second in pairwise(STAGES)
    ]
    for step, start, end in steps:
        parts = quantiles([end[visit] - start[visit] for visit in assigned if visit in start and visit in end], n=20)
        findings.append(Finding(f"  {step}, p50 / p95", f"{1000 * parts[9]:.0f} / {1000 * parts[18]:.0f} ms"))
    return findings


def _at_most(what: str, seconds: float, limit: float | None) -> Finding:
    shown = f"{1000 * seconds:.0f} ms"
    return Finding(what, shown) if limit is None else Finding(what, shown, f"< {1000 * limit:.0f} ms", seconds < limit)


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
