"""Eight areas with 300 visits each, planned by one routing process, then by two: real processes, Kafka, PostgreSQL.

``python -m tests.bench scale``. The input stands in the database before the workers start; the clock runs from the
first lease to the last plan.
"""

import asyncio
import datetime as dt
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import psutil
from sqlmodel import select

from services.demo import DemoDay, DemoWish, prepare
from services.routing.deps import RoutingState
from services.routing.handlers import HANDLERS
from services.routing.service import MIGRATIONS
from services.routing.settings import RoutingSettings
from services.routing.store.models import PlanRequestRow, PlanRow, outbox
from services.routing.travel.straight_line import StraightLine
from shared.areas import Area
from shared.bus.handling import Deps
from shared.clock import new_id, utc_now
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.events.envelope import decode, encode
from shared.events.ids import EventId
from shared.events.registry import Event
from shared.events.values import Break, GeoPoint, TimeWindow
from tests.bench.copied_areas import copied_areas
from tests.bench.finding import Finding, show
from tests.bench.rooms import Rooms, servers
from tests.routing_room.facts import located, requested, shift

AREAS, VISITS, NURSES = 8, 300, 26
AT_MOST = 0.6
LOOK_SECONDS = 0.05
PATIENCE = 600.0


def _day_of(area: Area, number: int, day: DemoDay) -> list[Event]:
    """Return what the other rooms say of one area's day."""
    random = Random(number)  # noqa: S311 - a sample
    midnight = area.day_bounds(day.date)[0].astimezone(dt.UTC)

    def at(hour: float) -> dt.datetime:
        return midnight + dt.timedelta(hours=hour)

    def somewhere() -> GeoPoint:
        house = random.choice(day.addresses)
        return GeoPoint(lat=house.lat, lon=house.lon)

    lunch = Break(duration=dt.timedelta(minutes=30), earliest=at(11), latest=at(13.5))
    first = 1 + number * VISITS
    said: list[Event] = [
        shift(
            number * NURSES + nurse,
            somewhere(),
            area_id=area.id,
            date=day.date,
            start=at(8),
            end=at(16),
            breaks=(lunch,),
        )
        for nurse in range(NURSES)
    ]
    for visit in range(first, first + VISITS):
        opens = random.choice([8, 9, 10, 11, 12, 13])
        window = TimeWindow(start=at(opens), end=at(opens + random.choice([2, 3, 4])))
        said += [requested(visit, area_id=area.id, windows=(window,)), located(visit, somewhere())]
    return said


async def _put_in(db: Database, areas: Sequence[Area], day: DemoDay) -> None:
    """Have the room's own handlers write the input, as if it had heard it long ago."""
    known = {area.id: area for area in areas}
    state = RoutingState(db, utc_now, lambda: known, StraightLine(), RoutingSettings())
    for number, area in enumerate(areas):
        async with db.transaction() as session:
            for event in _day_of(area, number, day):
                message = encode(event, event_id=EventId(new_id()), source="/bench", time=utc_now())
                await HANDLERS[type(event)](event, Deps(session, decode(message), state, outbox))
                await session.flush()


async def _planned(db: Database) -> tuple[float, float, int]:
    """Wait for every plan; return the seconds since the first lease, the sum of the prices and the visits left out."""
    began = 0.0
    async with asyncio.timeout(PATIENCE):
        while True:
            async with db.reading() as session:
                requests = (await session.exec(select(PlanRequestRow))).all()
                plans = (await session.exec(select(PlanRow))).all()
            if not began and any(request.holder for request in requests):
                began = time.monotonic()
            if requests and all(request.wanted == request.done for request in requests):
                break
            await asyncio.sleep(LOOK_SECONDS)
    price = sum(sum(plan.body["price_cents"].values()) for plan in plans)
    return time.monotonic() - began, price / 100, sum(len(plan.body["unassigned"]) for plan in plans)


async def _run(rooms: Rooms, workers: int, areas: Sequence[Area], day: DemoDay) -> tuple[float, float, list[Finding]]:
    """Plan everything with so many workers; return the seconds, the CPU seconds and what came of it."""
    rooms.server.drop("rounds_routing")
    rooms.server.create("rounds_routing")
    db = Database(rooms.server.url("rounds_routing"))
    try:
        await upgrade(db, MIGRATIONS)
        await _put_in(db, areas, day)
        watching = asyncio.create_task(_planned(db))
        await asyncio.gather(
            *(rooms.start(["routing"], ROUNDS_KAFKA_INSTANCE=f"routing-{number}") for number in range(workers))
        )
        seconds, price, left_out = await watching
        cpu = rooms.cpu()["routing"]
    finally:
        rooms.stop()
        await db.close()
    what = f"{AREAS} areas × {VISITS} visits, {workers} worker{'s' if workers > 1 else ''}"
    shown = f"{seconds:.1f} s ({cpu:.1f} s of CPU; price {price:,.0f}, {left_out} left out)"
    return seconds, cpu, [Finding(what, shown)]


async def measure(data: Path) -> list[Finding]:
    """Return the time of one worker and of two, and their ratio."""
    day = prepare(data, DemoWish(), lambda _what, _share: None, utc_now())
    areas = copied_areas(data, day.area, AREAS)
    findings: list[Finding] = []
    took = []
    async with servers(data) as rooms:
        for workers in (1, 2):
            load = psutil.getloadavg()[0]
            seconds, _, found = await _run(rooms, workers, areas, day)
            took.append(seconds)
            findings += [*found, Finding("… load average before", f"{load:.1f}")]
    ratio = took[1] / took[0]
    return [*findings, Finding("two workers : one worker", f"{ratio:.2f}", f"≤ {AT_MOST}", ratio <= AT_MOST)]


def main() -> Sequence[Finding]:
    """Measure on a new data directory and print the table."""
    with tempfile.TemporaryDirectory() as data:
        findings = asyncio.run(measure(Path(data)))
        show("Routing workers on one PostgreSQL", findings)
    return findings


if __name__ == "__main__":
    main()
