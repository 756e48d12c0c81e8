"""Reading what there is at the end of a drill: every topic from its start, and the tables of every room."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

from services.board.handlers import HANDLERS as BOARD
from services.booking.handlers import HANDLERS as BOOKING
from services.dispatch.handlers import HANDLERS as DISPATCH
from services.geocoding.handlers import HANDLERS as GEOCODING
from services.nurse_app.handlers import HANDLERS as NURSE_APP
from services.routing.handlers import HANDLERS as ROUTING
from shared.bus.dead_letters import GROUP, OFFSET, PARTITION, REASON, SETTLED, TOPIC
from shared.bus.kafka.bus import KafkaBus
from shared.bus.kafka.settings import KafkaSettings
from shared.bus.port import Record
from shared.events.topics import DAYS, DEAD_LETTER_SUFFIX, PLACES, PLANS, SHIFTS, TOPICS, VISITS
from tests.drill.clients import CANARY
from tests.drill.history import Assigned, Booked, Effect, Handled, Healed, Known, Leak, Line, Listens, Said, Spoken
from tests.drill.system import SPEAKERS, System
from tests.drill.witness import HANDLERS as WITNESS

LISTENERS = {
    "booking": BOOKING,
    "geocoding": GEOCODING,
    "routing": ROUTING,
    "dispatch": DISPATCH,
    "board": BOARD,
    "nurse_app": NURSE_APP,
    "witness": WITNESS,
}
HOUSE = tuple(name for name in TOPICS if not name.removesuffix(DEAD_LETTER_SUFFIX).startswith("rounds.intake."))
STILL_SECONDS = 4.0
LOOK_SECONDS = 1.0
WAITING = {
    "outbox": (SPEAKERS, "SELECT count(*) AS n FROM outbox WHERE published_at IS NULL"),
    "plan requests": (("routing",), "SELECT count(*) AS n FROM plan_request WHERE wanted > done"),
    "addresses": (("geocoding",), "SELECT count(*) AS n FROM place WHERE status = 'pending'"),
}
BOOKED = """
SELECT b.booking_id::text, b.reference, v.visit_id::text, v.version, v.cancelled_at, v.place, v.place_reason,
       d.assignment ->> 'shift_id' AS shift_id, d.left_out
FROM booking b JOIN visit v USING (booking_id)
LEFT JOIN LATERAL (
    SELECT * FROM visit_day
    WHERE visit_id = v.visit_id AND (assignment ->> 'shift_id' IS NOT NULL OR left_out IS NOT NULL)
    ORDER BY assignment ->> 'shift_id' IS NULL, date LIMIT 1
) d ON true
"""
KNOWN = (
    ("booking", VISITS, "SELECT visit_id::text AS key, version FROM visit"),
    ("booking", PLACES, "SELECT visit_id::text AS key, place_seen AS version FROM visit"),
    ("booking", PLANS, "SELECT area_id || ':' || date AS key, seen AS version FROM plan"),
    ("geocoding", VISITS, "SELECT visit_id::text AS key, visit_version AS version FROM place"),
    ("geocoding", PLACES, "SELECT visit_id::text AS key, version FROM place"),
    ("routing", VISITS, "SELECT visit_id::text AS key, version FROM visit"),
    ("routing", PLACES, "SELECT visit_id::text AS key, version FROM place"),
    ("routing", SHIFTS, "SELECT shift_id::text AS key, version FROM shift"),
    ("routing", PLANS, "SELECT area_id || ':' || date AS key, said AS version FROM plan"),
    ("dispatch", DAYS, "SELECT area_id || ':' || date AS key, version FROM day"),
    ("dispatch", SHIFTS, "SELECT shift_id::text AS key, version FROM shift"),
)


async def wait_until_still(system: System, allowed: float) -> Healed:
    """Wait until nothing waits and nothing moves any more, but no longer than is allowed."""
    began = time.monotonic()
    still_since, seen = began, [0]
    while True:
        waiting, moved = await _waiting(system), await _movement(system)
        now = time.monotonic()
        if waiting or moved != seen:
            still_since, seen = now, moved
        if now - still_since >= STILL_SECONDS:
            return Healed(seconds=round(still_since - began, 1), allowed=allowed)
        if now - began > allowed + STILL_SECONDS:
            return Healed(seconds=round(now - began, 1), allowed=allowed, waiting=waiting or {"movement": 1})
        await asyncio.sleep(LOOK_SECONDS)


async def read_facts(system: System) -> list[Line]:
    """Read topics and tables."""
    records = await _records(system)
    lines: list[Line] = [_spoken(record) for record in records]
    lines += [Leak(where=record.topic) for record in records if CANARY.encode() in record.value]
    for name, handlers in LISTENERS.items():
        lines.append(Listens(room=name, types=tuple(sorted(event.event_type for event in handlers))))
    for what in (_said, _handled, _effects, _booked, _assigned, _known):
        lines += await what(system)
    return [*lines, *system.leaks()]


async def _waiting(system: System) -> dict[str, int]:
    found = {
        f"{what} of {room}": (await system.ask(room, query))[0]["n"]
        for what, (rooms, query) in WAITING.items()
        for room in rooms
    }
    return {name: count for name, count in found.items() if count}


async def _movement(system: System) -> list[int]:
    return [(await system.ask(room, "SELECT count(*) AS n FROM inbox"))[0]["n"] for room in LISTENERS]


async def _records(system: System) -> Sequence[Record]:
    settings = KafkaSettings(bootstrap_servers=system.cluster.bootstrap, create_topics=False)
    bus = KafkaBus(settings)
    await bus.start()
    try:
        return [record async for record in bus.tail(list(HOUSE), from_start=True, follow=False)]
    finally:
        await bus.stop()


def _spoken(record: Record) -> Spoken:
    headers = {name: value.decode() for name, value in record.headers.items()}
    body = json.loads(record.value) if record.value else {}
    if record.topic.endswith(DEAD_LETTER_SUFFIX):
        place = "/".join(headers[name] for name in (TOPIC, PARTITION, OFFSET, GROUP))
        body = {"place": place, "settled": headers.get(SETTLED), "reason": headers.get(REASON)}
    return Spoken(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key.decode(),
        event_id=headers.get("ce_id", f"{record.topic}/{record.partition}/{record.offset}"),
        type=headers.get("ce_type", ""),
        body=body,
    )


async def _said(system: System) -> list[Line]:
    query = "SELECT seq, event_id::text, topic, convert_from(key, 'UTF8') AS key, published_at IS NOT NULL AS published"
    topics = ", ".join(f"'{topic}'" for topic in HOUSE)
    query += f" FROM outbox WHERE topic IN ({topics})"
    return [Said(room=room, **row) for room in SPEAKERS for row in await system.ask(room, query)]


async def _handled(system: System) -> list[Line]:
    query = "SELECT event_id::text, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float AS commit FROM inbox"
    return [Handled(room=room, **row) for room in LISTENERS for row in await system.ask(room, query)]


async def _effects(system: System) -> list[Line]:
    return [Effect(**row) for row in await system.ask("witness", "SELECT * FROM effect")]


async def _booked(system: System) -> list[Line]:
    return [
        Booked(
            booking_id=row["booking_id"],
            reference=row["reference"],
            visit_id=row["visit_id"],
            version=row["version"],
            cancelled=row["cancelled_at"] is not None,
            answer=_answer(row),
            shift_id=row["shift_id"],
        )
        for row in await system.ask("booking", BOOKED)
    ]


def _answer(row: dict[str, Any]) -> str | None:
    if row["shift_id"]:
        return "assigned"
    if row["left_out"]:
        return f"left out: {row['left_out']}"
    return f"in review: {row['place_reason']}" if row["place"] == "unresolved" else None


async def _assigned(system: System) -> list[Line]:
    query = "SELECT visit_id::text, shift_id::text, progress FROM assignment WHERE progress <> 'withdrawn'"
    return [Assigned(**row) for row in await system.ask("dispatch", query)]


async def _known(system: System) -> list[Line]:
    return [
        Known(room=room, topic=topic, key=row["key"], version=row["version"])
        for room, topic, query in KNOWN
        for row in await system.ask(room, query)
    ]
