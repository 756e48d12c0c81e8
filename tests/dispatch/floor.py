"""A running dispatch room to test against: one area, a clock that is set by hand, the embedded bus."""

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from services.dispatch.deps import DispatchState
from services.dispatch.handlers import HANDLERS
from services.dispatch.service import build
from services.dispatch.store.models import outbox
from shared.areas import MANIFEST, Area, area_dir
from shared.bus.handling import Deps
from shared.bus.headers import unpack_headers
from shared.bus.log import LogBus
from shared.bus.port import Record
from shared.clock import new_id
from shared.events.booking import VisitCancelled
from shared.events.envelope import Envelope, decode
from shared.events.ids import AreaId, BookingId, EventId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, Route, RoutePlanned, RouteRef
from shared.events.values import GeoPoint, Leg, Stop, StopKind
from shared.peers import Peers
from shared.runtime import House, opened
from shared.security.tokens import Tokens
from shared.settings import HouseSettings

AREA = AreaId("maple")
DATE = dt.date(2030, 5, 6)
NOW = dt.datetime(2030, 5, 6, 11, 30, tzinfo=dt.UTC)  # half past seven in the area
EIGHT = dt.datetime(2030, 5, 6, 12, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@dataclass(slots=True)
class HandClock:
    """A clock that stands until it is set."""

    now: dt.datetime = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def maple() -> Area:
    """An area on New York time."""
    return Area(
        id=AREA,
        name="Maple Falls",
        timezone="America/New_York",
        bbox=(-82.6, 40.0, -82.4, 40.2),
        source="test.osm.pbf",
        source_sha256="0" * 64,
        built_at=NOW,
        addresses=1,
        streets=1,
    )


def visit(number: int) -> VisitId:
    """The visit with this number."""
    return VisitId(UUID(int=number))


def at(minutes: float) -> dt.datetime:
    """So many minutes after eight in the morning."""
    return EIGHT + minutes * MINUTE


def stop(visit_id: VisitId | None, minutes: float) -> Stop:
    """A visit of twenty minutes, or a break, that is reached so many minutes after eight."""
    return Stop(
        kind=StopKind.VISIT if visit_id else StopKind.BREAK,
        visit_id=visit_id,
        point=GeoPoint(lat=40.1, lon=-82.5) if visit_id else None,
        arrival=at(minutes),
        start=at(minutes),
        end=at(minutes + 20),
        travel=Leg(drive=10 * MINUTE, metres=5000),
    )


def route(shift: "Shift", *stops: Stop) -> Route:
    """A route of a shift."""
    return Route(
        shift_id=shift.shift_id,
        nurse_id=shift.nurse_id,
        nurse_ref=shift.nurse_ref,
        departure=at(0),
        back=stops[-1].end + 10 * MINUTE if stops else at(0),
        stops=stops,
        drive=(len(stops) + 1) * 10 * MINUTE,
        metres=(len(stops) + 1) * 5000,
        geometry="_p~iF~ps|U",
    )


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift and whose it is."""

    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef


def bare_shift(number: int) -> Shift:
    """A shift that stands in no database."""
    return Shift(ShiftId(UUID(int=1000 + number)), NurseId(UUID(int=2000 + number)), NurseRef(f"N{number:02}"))


def planned_events(
    version: int, routes: Sequence[Route], area_id: AreaId = AREA, date: dt.date = DATE
) -> tuple[Event, ...]:
    """What routing says of a plan all of whose routes are new."""
    said = [
        RoutePlanned(aggregate_version=0, area_id=area_id, date=date, plan_version=version, route=each)
        for each in routes
    ]
    committed = PlanCommitted(
        aggregate_version=0,
        area_id=area_id,
        date=date,
        plan_version=version,
        routes=tuple(RouteRef(shift_id=each.shift_id, plan_version=version) for each in routes),
        unassigned=(),
        price_cents={},
        drive=dt.timedelta(),
        travel_estimated=False,
        seconds=0.1,
    )
    return (*said, committed)


def cancelled(visit_id: VisitId) -> VisitCancelled:
    """Booking says that a visit is off."""
    return VisitCancelled(
        aggregate_version=2, visit_id=visit_id, booking_id=BookingId(UUID(int=0)), area_id=AREA, reason="patient"
    )


@dataclass(slots=True)
class Floor:
    """The room at work."""

    client: httpx.AsyncClient
    house: House
    state: DispatchState
    clock: HandClock
    heard: int = field(default=0)

    async def hear(self, *events: Event) -> None:
        """Have the room's handlers hear events, each in its transaction, as the consumer would."""
        for event in events:
            envelope = Envelope(EventId(new_id()), event.event_type, "/test", NOW, event.key(), None, None, event)
            async with self.state.db.transaction() as session:
                await HANDLERS[type(event)](event, Deps(session, envelope, self.state, outbox))

    async def plan(self, version: int, *routes: Route) -> list[Event]:
        """Have the room hear a plan; return what it says to it."""
        return await self.answers(*planned_events(version, routes))

    async def answers(self, *events: Event) -> list[Event]:
        """Have the room hear events; return what it says to them."""
        await self.said()
        await self.hear(*events)
        return await self.said()

    async def said(self) -> list[Event]:
        """Return what the room has said since it was last asked, in order."""
        table = outbox.table.c
        async with self.state.db.reading() as session:
            query = select(outbox.table).where(table.seq > self.heard).order_by(table.seq)
            rows = (await (await session.connection()).execute(query)).all()
        events = []
        for row in rows:
            self.heard = row.seq
            data = decode(Record(row.topic, row.key, row.value, unpack_headers(row.headers))).data
            assert data is not None
            events.append(data)
        return events

    async def post(self, path: str, body: object = None) -> dict[str, Any]:
        """Post what is taken, and return the reply."""
        reply = await self.client.post(path, json=body)
        assert reply.is_success, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    async def nurse(self, nurse_ref: str = "N01", **changes: object) -> dict[str, Any]:
        """Add a nurse."""
        body = {"nurse_ref": nurse_ref, "name": "Ann Canary", "skills": ["injection"], "licences": ["RN:OH"]}
        return await self.post("/v1/nurses", {**body, **changes})

    async def shift(self, nurse_ref: str = "N01", **changes: object) -> Shift:
        """Add a nurse with a shift from eight to four."""
        nurse = await self.nurse(nurse_ref)
        opened_shift = await self.post("/v1/shifts", shift_body(nurse["nurse_id"], **changes))
        return Shift(ShiftId(UUID(opened_shift["shift_id"])), NurseId(UUID(nurse["nurse_id"])), NurseRef(nurse_ref))

    async def act(
        self, shift: Shift, visit_id: VisitId, act: str, act_id: UUID | None = None, **more: object
    ) -> httpx.Response:
        """Have a nurse act, under a fresh id if none is given."""
        body = {"act_id": str(act_id or new_id()), "act": act, "nurse_id": str(shift.nurse_id), **more}
        return await self.client.post(f"/v1/visits/{visit_id}/acts", json=body)

    async def assignments(self) -> dict[str, Any]:
        """Read the day."""
        reply = await self.client.get("/v1/assignments", params={"area_id": AREA, "date": str(DATE)})
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body


def shift_body(nurse_id: str, **changes: object) -> dict[str, Any]:
    """A shift from eight to four, or changed; None leaves a field out."""
    body = {
        "nurse_id": nurse_id,
        "area_id": AREA,
        "start": "2030-05-06T08:00:00-04:00",
        "end": "2030-05-06T16:00:00-04:00",
        "start_point": {"lat": 40.1, "lon": -82.5},
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not None}


@asynccontextmanager
async def open_floor(data: Path) -> AsyncIterator[Floor]:
    """Run the dispatch room on a data directory."""
    folder = area_dir(data, AREA)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(maple().model_dump_json())
    clock = HandClock()
    tokens = Tokens(b"s" * 32, clock)
    bus = LogBus(data / "bus.sqlite")
    house = House(settings=HouseSettings(data=data), bus=bus, clock=clock, tokens=tokens, peers=Peers(tokens, {}))
    room = build(house)
    assert isinstance(room.state, DispatchState)
    async with opened(house, [room]) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
            yield Floor(client, house, room.state, clock)
