"""The kill drill: kill -9 at random moments of an import, start again each time, and look at what is left in the end.

``faults`` is the judge; it knows only what the system says when all has settled.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psutil

from services.booking.importing import import_rows as import_bookings
from services.demo import DemoDay
from services.dispatch.importing import import_rows as import_nurses
from services.sample.addresses import base_of
from services.sample.bookings import bookings
from services.sample.people import nurses
from services.sample.rows import write_bookings, write_nurses
from shared.bus.log import LogBus
from shared.bus.port import Record
from shared.events.dispatch import RouteDispatched, VisitAssigned
from shared.events.envelope import decode
from shared.events.registry import Event
from shared.events.topics import DAYS, DEAD_LETTER_SUFFIX, TOPICS
from tests.bench.system import System
from tests.dispatch.ledger import BrokenInvariantError, Ledger

SETTLE_SECONDS = 300.0
LEAVE_SECONDS = 20.0
LONGEST_WAIT = 0.15
"""Seconds: the kill comes up to this long after its share of the import is done, in the midst of whatever runs then."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the system says in the end.

    Attributes:
        acknowledged: references of the bookings that were answered with success.
        bookings: visit by reference, in pairs, for there might be two.
        assigned: visits that have a nurse, as often as they have one.
        reasons: why, by visit, of those that have none: left out of the plan, or the address in review.
        records: every topic from its start.
    """

    acknowledged: Sequence[str]
    bookings: Sequence[tuple[str, str]]
    assigned: Sequence[str]
    reasons: Mapping[str, str]
    records: Sequence[Record]


@dataclass(slots=True)
class Drill:
    """What came of a drill.

    Attributes:
        kills: how many there were; ``in_import``: before the last row was settled.
        left_behind: processes that did not end after their parent was killed.
        faults: sentences; empty, if nothing was lost and nothing doubled.
        settle_seconds: from the last start to every booking answered.
    """

    kills: int = 0
    in_import: int = 0
    left_behind: int = 0
    settle_seconds: float = 0.0
    evidence: Evidence = field(default_factory=lambda: Evidence((), (), (), {}, ()))
    faults: list[str] = field(default_factory=list)


async def drill(data: Path, day: DemoDay, count: int, kills: int, seed: int) -> Drill:
    """Import bookings into a system that is killed again and again.

    Args:
        data: has the day's area.
        day: what is booked.
        count: how many bookings.
        kills: how often; each comes after a share of the import chosen at random.
        seed: of the shares and moments.
    """
    random = Random(seed)  # noqa: S311 - moments, not secrets
    result = Drill()
    system = System(data)
    left: list[psutil.Process] = []
    await system.start()
    try:
        async with httpx.AsyncClient(base_url=system.url, timeout=30) as client:
            file, references = await _files(client, data, day, count)
            settled = asyncio.Event()
            done = [0]

            def on_progress(now: int, _of: int) -> None:
                done[0] = now
                settled.set()

            importing = asyncio.create_task(import_bookings(client, file, on_progress))
            for share in sorted(random.randrange(count * 9 // 10) for _ in range(kills)):
                while done[0] < share:
                    settled.clear()
                    await settled.wait()
                await asyncio.sleep(random.uniform(0, LONGEST_WAIT))
                result.in_import += not importing.done()
                left += system.kill()
                result.kills += 1
                await system.start()
            started = time.monotonic()
            report = await importing
            lost_rows = set(report.unsent) | {problem.line for problem in report.refused}
            acknowledged = [name for line, name in enumerate(references, start=2) if line not in lost_rows]
            visits = await _settled(client, day, len(acknowledged))
            result.settle_seconds = time.monotonic() - started
    finally:
        system.stop()
    _, alive = await asyncio.to_thread(psutil.wait_procs, left, LEAVE_SECONDS)
    result.left_behind = len(alive)
    result.evidence = Evidence(acknowledged, *visits, await _records(data))
    result.faults = faults(result.evidence)
    return result


def faults(evidence: Evidence) -> list[str]:
    """Return what must never be, a sentence each."""
    found = []
    booked = Counter(reference for reference, _ in evidence.bookings)
    found += [
        f"{reference} was acknowledged and is lost." for reference in evidence.acknowledged if not booked[reference]
    ]
    found += [f"{reference} is booked {times} times." for reference, times in booked.items() if times > 1]
    assigned = Counter(evidence.assigned)
    found += [f"Visit {visit} is assigned {times} times." for visit, times in assigned.items() if times > 1]
    for reference, visit in evidence.bookings:
        if visit in assigned and visit in evidence.reasons:
            found.append(f"{reference} is assigned and also {evidence.reasons[visit]}.")
        if visit not in assigned and not evidence.reasons.get(visit):
            found.append(f"{reference} is neither assigned nor is there a reason.")
    first_seen = _once(evidence.records)
    return found + _gaps(first_seen) + _contradictions(first_seen) + _dead_letters(first_seen)


def _once(records: Iterable[Record]) -> list[Record]:
    """Return records without those that came again: the bus delivers at least once."""
    return list({record.headers["ce_id"]: record for record in reversed(list(records))}.values())[::-1]


def _gaps(records: Iterable[Record]) -> list[str]:
    versions: defaultdict[tuple[str, bytes], list[int]] = defaultdict(list)
    for record in records:
        if not record.topic.endswith(DEAD_LETTER_SUFFIX):
            versions[record.topic, record.key].append(_event(record).aggregate_version)
    return [
        f"The versions of {key.decode()} in {topic} are not 1 to {len(said)}."
        for (topic, key), said in versions.items()
        if said != list(range(1, len(said) + 1))
    ]


def _contradictions(records: Iterable[Record]) -> list[str]:
    """Return what dispatch said against itself, heard by a listener that only has its events."""
    ledgers: defaultdict[bytes, Ledger] = defaultdict(Ledger)
    found = []
    for record in records:
        if record.topic != DAYS:
            continue
        event, ledger = _event(record), ledgers[record.key]
        if isinstance(event, RouteDispatched | VisitAssigned):
            ledger.plan_version = max(ledger.plan_version, event.plan_version)
        try:
            ledger.hear(event)
        except BrokenInvariantError as broken:
            found.append(str(broken))
    for ledger in ledgers.values():
        try:
            ledger.settle()
        except BrokenInvariantError as broken:
            found.append(str(broken))
    return found


def _dead_letters(records: Iterable[Record]) -> list[str]:
    return [f"A record is in {record.topic}." for record in records if record.topic.endswith(DEAD_LETTER_SUFFIX)]


def _event(record: Record) -> Event:
    event = decode(record).data
    if event is None:
        raise TypeError(f"{record.topic} carries an event that is not in the registry.")
    return event


async def _files(client: httpx.AsyncClient, data: Path, day: DemoDay, count: int) -> tuple[Path, list[str]]:
    """Import nurses; write the bookings' file and return it with its references, row by row."""
    staff = nurses(day.addresses, max(4, count // 12), day.day, base_of(day.extract))
    codes = [service["code"] for service in (await client.get("/v1/services")).json()["services"]]
    rows = bookings(day.addresses, count, day.day, codes, [nurse.external_id for nurse in staff])
    write_nurses(data / "nurses.csv", staff)
    write_bookings(data / "bookings.csv", rows)
    await import_nurses(client, data / "nurses.csv", lambda _done, _of: None)
    return data / "bookings.csv", [row.reference for row in rows]


type _Visits = tuple[list[tuple[str, str]], list[str], dict[str, str]]


async def _settled(client: httpx.AsyncClient, day: DemoDay, expected: int) -> _Visits:
    """Wait until the day is planned and every booking answered; after the patience is over, return what there is."""
    where = {"area_id": day.area.id, "date": day.date.isoformat()}
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        plan = (await client.get(f"/v1/plans/{day.area.id}/{day.date}")).json()
        assigned = (await client.get("/v1/assignments", params=where)).json()["assignments"]
        booked = await _pages(client, "/v1/bookings", {**where, "limit": "200"})
        review = await _pages(client, "/v1/places/review", {"area_id": day.area.id})
        reasons = {item["visit_id"]: f"in review ({item['reason']})" for item in review}
        reasons |= {entry["visit_id"]: f"left out ({entry['reason']})" for entry in plan["unassigned"]}
        answered = len({entry["visit_id"] for entry in assigned} | set(reasons))
        if (plan["state"] == "idle" and answered >= expected) or time.monotonic() > deadline:
            visits = [(booking["reference"], booking["visit_id"]) for booking in booked]
            return visits, [entry["visit_id"] for entry in assigned], reasons
        await asyncio.sleep(0.2)


async def _pages(client: httpx.AsyncClient, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await client.get(path, params={**params, **cursor})).json()
        items += page["items"]
        if not page["next_cursor"]:
            return items
        cursor = {"cursor": page["next_cursor"]}


async def _records(data: Path) -> list[Record]:
    bus = LogBus(data / "bus.sqlite")
    await bus.start()
    try:
        return [record async for record in bus.tail(list(TOPICS), from_start=True, follow=False)]
    finally:
        await bus.stop()
