"""A running booking room to test against: two areas, a clock that is set by hand, the embedded bus."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from services.booking.deps import BookingState
from services.booking.domain.progress import Step
from services.booking.handlers import HANDLERS, STEPS
from services.booking.service import build
from services.booking.store.models import outbox
from shared.areas import MANIFEST, Area, area_dir
from shared.bus.handling import Deps
from shared.bus.headers import unpack_headers
from shared.bus.log import LogBus
from shared.bus.port import Bus, Message
from shared.clock import new_id
from shared.events.dispatch import ActEvent, VisitAssigned
from shared.events.envelope import Envelope, decode
from shared.events.ids import AreaId, EventId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.registry import Event
from shared.peers import Peers
from shared.runtime import House, opened
from shared.security.tokens import Tokens
from shared.settings import HouseSettings

NOW = dt.datetime(2030, 5, 1, 13, 0, tzinfo=dt.UTC)
MAPLE = AreaId("maple")
SHIFT, NURSE = ShiftId(UUID(int=71)), NurseId(UUID(int=72))
EARLIER_SHIFT = ShiftId(UUID(int=70))


@dataclass(slots=True)
class HandClock:
    """A clock that stands until it is set."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def area(area_id: str = "maple", **changes: object) -> Area:
    """An area near New York, or changed."""
    known = {
        "id": area_id,
        "name": area_id.title(),
        "timezone": "America/New_York",
        "bbox": (-74, 40, -73, 41),
        "source": "test.osm.pbf",
        "source_sha256": "0" * 64,
        "built_at": NOW,
        "addresses": 1,
        "streets": 1,
        "states": ("OH",),
        "cities": ("Maple Falls",),
        "postcodes": ("43001", "43002"),
    }
    return Area.model_validate({**known, **changes})


VANCOUVER = area(
    "vancouver", timezone="America/Vancouver", states=("BC",), cities=("Vancouver",), postcodes=("V6B 1A1",)
)


def booking(**changes: object) -> dict[str, Any]:
    """A body that is taken, or changed; None leaves a field out."""
    body = {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Canary", "birth_date": "1980-04-12", "phone": "+1 555 0142"},
        "address": {"street": "12 Maple Ave", "unit": "3B", "city": "Maple Falls", "state": "OH", "postcode": "43001"},
        "windows": [{"start": "2030-05-06T09:00:00-04:00", "end": "2030-05-06T12:00:00-04:00"}],
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


def visit_assigned(visit_id: VisitId, version: int, **changes: object) -> VisitAssigned:
    """Dispatch gives the visit to a nurse at nine on the day it is wished, or changed."""
    known = {
        "aggregate_version": version,
        "area_id": MAPLE,
        "date": dt.date(2030, 5, 6),
        "plan_version": 1,
        "visit_id": visit_id,
        "shift_id": SHIFT,
        "nurse_id": NURSE,
        "nurse_ref": NurseRef("N07"),
        "arrival": dt.datetime(2030, 5, 6, 13, 0, tzinfo=dt.UTC),
        "start": dt.datetime(2030, 5, 6, 13, 0, tzinfo=dt.UTC),
        "end": dt.datetime(2030, 5, 6, 13, 20, tzinfo=dt.UTC),
    }
    return VisitAssigned.model_validate({**known, **changes})


def act(step: Step, visit_id: VisitId, version: int, **changes: object) -> ActEvent:
    """The nurse comes a step further with the visit, at half past nine on the day it is wished, or changed."""
    known = {
        "aggregate_version": version,
        "area_id": MAPLE,
        "date": dt.date(2030, 5, 6),
        "act_id": new_id(),
        "visit_id": visit_id,
        "shift_id": SHIFT,
        "nurse_id": NURSE,
        "at": dt.datetime(2030, 5, 6, 13, 30, tzinfo=dt.UTC),
    }
    reason = {"reason": "not_home"} if step is Step.MISSED else {}
    cls = next(cls for cls, found in STEPS.items() if found is step)
    return cls.model_validate({**known, **reason, **changes})


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.005)


@dataclass(slots=True)
class Desk:
    """The room at work."""

    client: httpx.AsyncClient
    house: House
    state: BookingState
    clock: HandClock
    keys: int = field(default=0)

    async def post(self, body: object, key: str | None = None) -> httpx.Response:
        """Post a booking, under a fresh key if none is given."""
        self.keys += 1
        headers = {"Idempotency-Key": f'"{key or f"key-{self.keys}"}"'}
        return await self.client.post("/v1/bookings", json=body, headers=headers)

    async def book(self, **changes: object) -> dict[str, Any]:
        """Book, and return the reply to it."""
        reply = await self.post(booking(**changes))
        assert reply.status_code == 201, reply.text
        body: dict[str, Any] = reply.json()
        return body

    async def read(self, booking_id: str) -> dict[str, Any]:
        """Read a booking."""
        reply = await self.client.get(f"/v1/bookings/{booking_id}")
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body

    async def said(self) -> list[Event]:
        """Return all the room has said so far, published or not, in order."""
        async with self.state.db.reading() as session:
            rows = await (await session.connection()).execute(select(outbox.table).order_by(outbox.table.c.seq))
            messages = [Message(row.topic, row.key, row.value, unpack_headers(row.headers)) for row in rows]
        return [event for message in messages if (event := decode(message).data) is not None]

    async def hear(self, *events: Event) -> None:
        """Have the room's handlers hear events, each in its transaction, as the consumer would."""
        for event in events:
            envelope = Envelope(EventId(new_id()), event.event_type, "/test", NOW, event.key(), None, None, event)
            async with self.state.db.transaction() as session:
                await HANDLERS[type(event)](event, Deps(session, envelope, self.state, outbox))


@asynccontextmanager
async def open_desk(data: Path, bus: Bus | None = None) -> AsyncIterator[Desk]:
    """Run the booking room on a data directory, over the embedded bus or another."""
    for each in (area(), VANCOUVER):
        folder = area_dir(data, each.id)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / MANIFEST).write_text(each.model_dump_json())
    clock = HandClock()
    tokens = Tokens(b"s" * 32, clock)
    bus = bus or LogBus(data / "bus.sqlite")
    house = House(settings=HouseSettings(data=data), bus=bus, clock=clock, tokens=tokens, peers=Peers(tokens, {}))
    room = build(house)
    assert isinstance(room.state, BookingState)
    async with opened(house, [room]) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
            yield Desk(client, house, room.state, clock)
