"""A big day through the real system: 500 bookings for 40 nurses on real streets, then one more at a time; its memory.

The street data is that of a real city where it lies beside the project, else that of the sample city.
"""

import asyncio
import datetime as dt
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import httpx

from services.demo import DemoDay, DemoResult, DemoWish, prepare, walk_through
from services.sample.addresses import Address
from shared.clock import new_id, utc_now
from tests.bench.board_watch import BoardWatch
from tests.bench.finding import Finding, show
from tests.bench.system import System

CITY = Path(__file__).parents[3] / "shared" / "maps" / "queens-village-ny.osm.pbf"
BOOKINGS, NURSES, SINGLES = 500, 40, 100
ALL_IN_SECONDS, ONE_IN_SECONDS = 90.0, 2.0
PATIENCE = 60.0


async def measure(data: Path) -> list[Finding]:
    """Return every figure of one day."""
    wish = DemoWish(extract=CITY if CITY.exists() else None, bookings=BOOKINGS, nurses=NURSES)
    day = prepare(data, wish, lambda _what, _share: None, utc_now())
    system = System(data)
    try:
        await system.start()
        async with httpx.AsyncClient(base_url=system.url, timeout=60) as client:
            begun = await _steady(system)
            loaded = await _load(client, day, wish, data, system)
            after = await _steady(system)
            one = await _one_by_one(client, day)
            end = system.resident()
    finally:
        system.stop()
    return [*loaded, *one, *_memory(begun, after, end)]


async def _steady(system: System) -> dict[str, float]:
    """Return the memory once it stays as it is: after a start the planner's libraries are still being loaded."""
    before, now = 0.0, system.resident()
    while sum(now.values()) > 1.01 * before:
        before = sum(now.values())
        await asyncio.sleep(2)
        now = system.resident()
    return now


async def _load(client: httpx.AsyncClient, day: DemoDay, wish: DemoWish, data: Path, system: System) -> list[Finding]:
    marks: dict[str, float] = {}

    def say(what: str, done: int, of: int) -> None:
        marks.setdefault(f"first of {what}", time.time())
        if done == of:
            marks[f"last of {what}"] = time.time()

    result: DemoResult = await walk_through(lambda _room: client, day, wish, data, say)
    dispatched = time.time()
    began = dispatched - result.seconds
    saved = [line for line in map(json.loads, system.log.read_text().splitlines()) if line["event"] == "saved_plan"]
    planned = dt.datetime.fromisoformat(saved[-1]["timestamp"]).timestamp()
    came = f"{result.assigned} assigned, {result.unassigned} unassigned, {result.unresolved} to review"
    within = result.seconds < ALL_IN_SECONDS
    imported = marks["last of bookings"] - began
    return [
        Finding(f"{NURSES} nurses imported", f"{marks['last of nurses'] - marks['first of nurses']:.1f} s"),
        Finding(f"{BOOKINGS} bookings imported", f"{imported:.1f} s ({BOOKINGS / imported:.0f} a second)"),
        Finding("… and planned, since the first was posted", f"{planned - began:.1f} s, {len(saved)} plans"),
        Finding(
            "… and dispatched: all in all", f"{result.seconds:.1f} s ({came})", f"< {ALL_IN_SECONDS:.0f} s", within
        ),
        Finding("the longest of these plans", f"{max(line['seconds'] for line in saved):.1f} s"),
        Finding("driving", f"{result.drive_minutes_per_visit:.1f} minutes a visit"),
    ]


async def _one_by_one(client: httpx.AsyncClient, day: DemoDay) -> list[Finding]:
    """Post single bookings, each when the one before is on the board."""
    watch = BoardWatch()
    following = asyncio.create_task(watch.follow(client, f"/board/{day.area.id}/{day.date}/stream"))
    where = {"area_id": day.area.id, "date": day.date.isoformat()}
    assigned = len((await client.get("/v1/assignments", params=where)).json()["assignments"])
    try:
        async with asyncio.timeout(PATIENCE):
            while watch.stops < assigned:
                watch.moved.clear()
                await watch.moved.wait()
        chosen = Random(1).sample(day.addresses, SINGLES)  # noqa: S311 - a sample, not a secret
        told = [await _one(client, day, address, watch) for address in chosen]
    finally:
        following.cancel()
    outcomes = Counter(outcome for outcome, _ in told)
    cuts = quantiles([seconds for _, seconds in told], n=20)
    came = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    slowest = max(seconds for _, seconds in told)
    return [
        Finding(f"one booking posted into that day → on the board, p50 of {SINGLES}", f"{cuts[9]:.2f} s ({came})"),
        Finding("… p95", f"{cuts[18]:.2f} s", f"< {ONE_IN_SECONDS:.0f} s", cuts[18] < ONE_IN_SECONDS),
        Finding("… the slowest", f"{slowest:.2f} s"),
    ]


async def _one(client: httpx.AsyncClient, day: DemoDay, address: Address, watch: BoardWatch) -> tuple[str, float]:
    """Post a booking; return what the board showed of it in the end, and after how many seconds."""
    before = watch.stops
    posted = time.perf_counter()
    reply = await client.post("/v1/bookings", json=_body(day, address), headers={"idempotency-key": f'"{new_id()}"'})
    reply.raise_for_status()
    visit_id = reply.json()["visit_id"]
    async with asyncio.timeout(PATIENCE):
        while (outcome := _outcome(watch, visit_id, before)) is None:
            watch.moved.clear()
            await watch.moved.wait()
    return outcome, time.perf_counter() - posted


def _outcome(watch: BoardWatch, visit_id: str, before: int) -> str | None:
    if f"review:{visit_id}" in watch.parts:
        return "to review"
    waiting = watch.parts.get(f"unassigned:{visit_id}")
    if waiting is not None:
        return "unassigned with a reason" if waiting["reason"] else None
    return "assigned" if watch.stops > before else None


def _body(day: DemoDay, house: Address) -> dict[str, Any]:
    return {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Sample", "birth_date": "1980-04-12"},
        "address": {"line": f"{house.number} {house.street}, {house.city}, {house.state} {house.postcode}"},
        "any_time_on": [day.date.isoformat()],
        "area_id": day.area.id,
    }


def _memory(*moments: dict[str, float]) -> list[Finding]:
    parts = sorted({part for moment in moments for part in moment})
    rows = [(part, [moment.get(part, 0.0) for moment in moments]) for part in parts]
    rows.append(("together", [sum(moment.values()) for moment in moments]))
    shown = " → ".join(("started", "day loaded", f"{SINGLES} more"))
    return [
        Finding(f"resident MB, {part} ({shown})", " → ".join(f"{size:.0f}" for size in sizes)) for part, sizes in rows
    ]


def main() -> Sequence[Finding]:
    """Measure on a new data directory and print the table."""
    with tempfile.TemporaryDirectory() as data:
        findings = asyncio.run(measure(Path(data)))
    show(f"A day of {BOOKINGS} bookings and {NURSES} nurses", findings)
    return findings


if __name__ == "__main__":
    main()
