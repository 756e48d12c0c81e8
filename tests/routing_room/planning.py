"""The routing room over straight lines, with a clock that is set by hand and a solver that does as it is told."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from services.routing import api
from services.routing.deps import RoutingState
from services.routing.handlers import HANDLERS
from services.routing.jobs import PlanJobs
from services.routing.service import MIGRATIONS
from services.routing.settings import RoutingSettings
from services.routing.solver.planner import Result
from services.routing.solver.worker import Job, solve_job
from services.routing.store import queries
from services.routing.store.models import PlanRequestRow, VisitRow, outbox
from services.routing.travel.straight_line import StraightLine
from shared.areas import Area
from shared.bus.handling import Deps
from shared.bus.headers import unpack_headers
from shared.bus.port import Message
from shared.clock import new_id
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested
from shared.events.dispatch import (
    ActEvent,
    NurseArrived,
    NurseEnRoute,
    ShiftChanged,
    ShiftClosed,
    ShiftOpened,
    VisitCompleted,
    VisitMissed,
)
from shared.events.envelope import Envelope, decode
from shared.events.geocoding import PlaceResolved, PlaceUnresolved, UnresolvedReason
from shared.events.ids import AreaId, BookingId, EventId, NurseId, NurseRef, PatientId, ShiftId, VisitId
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, RoutePlanned
from shared.events.values import Break, GeoPoint, MatchKind, Priority, Sealed, TimeWindow
from shared.http import create_app

MAPLE = AreaId("maple")
DAY = dt.date(2030, 5, 6)
NEXT_DAY = dt.date(2030, 5, 7)
MIDNIGHT = dt.datetime(2030, 5, 6, 4, 0, tzinfo=dt.UTC)  # in the area
PATIENT = PatientId(UUID(int=9))
SEALED = Sealed(patient_id=PATIENT, ciphertext="c2VhbGVk")
SOUTH, NORTH = GeoPoint(lat=40.0, lon=-82.5), GeoPoint(lat=40.3, lon=-82.5)
"""Two ends of a town, three quarters of an hour's drive apart."""


def at(hour: float, day: dt.date = DAY) -> dt.datetime:
    """An hour of a day on the area's clock."""
    return MIDNIGHT + (day - DAY) + dt.timedelta(hours=hour)


def near(point: GeoPoint, number: int = 1) -> GeoPoint:
    """A place so many times three minutes' drive to the north."""
    return GeoPoint(lat=point.lat + number / 100, lon=point.lon)


def visit_id(number: int) -> VisitId:
    return VisitId(UUID(int=number))


def shift_id(number: int) -> ShiftId:
    return ShiftId(UUID(int=1000 + number))


def requested(number: int, **changes: Any) -> VisitRequested:
    """Booking asks for a visit of twenty minutes at any time from 8 to 16, or changed."""
    return VisitRequested(**_stated(number, **changes))


def changed(number: int, version: int, **changes: Any) -> VisitChanged:
    """Booking changes a visit."""
    return VisitChanged(**_stated(number, aggregate_version=version, **changes))


def _stated(number: int, **changes: Any) -> dict[str, Any]:
    stated = {
        "aggregate_version": 1,
        "visit_id": visit_id(number),
        "booking_id": BookingId(UUID(int=0)),
        "patient_id": PATIENT,
        "area_id": MAPLE,
        "address_version": 1,
        "services": ("b12-im-1000",),
        "duration": dt.timedelta(minutes=20),
        "skills": ("injection",),
        "licence_options": (("RN", "LVN"),),
        "windows": (TimeWindow(start=at(8), end=at(16)),),
        "priority": Priority.ROUTINE,
        "patient_name": SEALED,
        "address": SEALED,
    }
    return stated | changes


def cancelled(number: int, version: int = 2) -> VisitCancelled:
    """Booking says that a visit is off."""
    return VisitCancelled(
        aggregate_version=version,
        visit_id=visit_id(number),
        booking_id=BookingId(UUID(int=0)),
        area_id=MAPLE,
        reason="patient",
    )


def located(number: int, point: GeoPoint = SOUTH, version: int = 1, address_version: int = 1) -> PlaceResolved:
    """Geocoding found the visit's address."""
    return PlaceResolved(
        aggregate_version=version,
        visit_id=visit_id(number),
        area_id=MAPLE,
        address_version=address_version,
        point=point,
        match=MatchKind.ADDRESS,
        confidence=0.99,
        state="OH",
        provider="local",
    )


def not_located(number: int, version: int, address_version: int) -> PlaceUnresolved:
    """Geocoding did not find the visit's address."""
    return PlaceUnresolved(
        aggregate_version=version,
        visit_id=visit_id(number),
        area_id=MAPLE,
        address_version=address_version,
        reason=UnresolvedReason.NOT_FOUND,
    )


def shift(number: int, point: GeoPoint = SOUTH, **changes: Any) -> ShiftOpened:
    """A registered nurse works from 8 to 16, from and to a place."""
    return ShiftOpened(**_shift(number, point, **changes))


def shift_changed(number: int, version: int, point: GeoPoint = SOUTH, **changes: Any) -> ShiftChanged:
    """The shift is other than it was."""
    return ShiftChanged(**_shift(number, point, aggregate_version=version, **changes))


def _shift(number: int, point: GeoPoint, **changes: Any) -> dict[str, Any]:
    state = {
        "aggregate_version": 1,
        "shift_id": shift_id(number),
        "nurse_id": NurseId(UUID(int=2000 + number)),
        "nurse_ref": NurseRef(f"N{number:02}"),
        "area_id": MAPLE,
        "date": DAY,
        "start": at(8),
        "end": at(16),
        "start_point": point,
        "end_point": point,
        "skills": ("injection",),
        "licences": ("RN:OH",),
    }
    return state | changes


def shift_closed(number: int, version: int = 2) -> ShiftClosed:
    """The nurse will not work."""
    nurse = NurseId(UUID(int=2000 + number))
    return ShiftClosed(aggregate_version=version, shift_id=shift_id(number), nurse_id=nurse, area_id=MAPLE, date=DAY)


def lunch() -> Break:
    """Half an hour between eleven and one."""
    return Break(duration=dt.timedelta(minutes=30), earliest=at(11), latest=at(13))


def act[A: ActEvent](cls: type[A], number: int, hour: float, shift_number: int = 1, **more: Any) -> A:
    """A nurse does something about a visit."""
    body = {
        "aggregate_version": 1,
        "area_id": MAPLE,
        "date": DAY,
        "act_id": EventId(new_id()),
        "visit_id": visit_id(number),
        "shift_id": shift_id(shift_number),
        "nurse_id": NurseId(UUID(int=2000 + shift_number)),
        "at": at(hour),
    }
    return cls(**body | more)


def en_route(number: int, hour: float, shift_number: int = 1) -> NurseEnRoute:
    return act(NurseEnRoute, number, hour, shift_number)


def arrived(number: int, hour: float, shift_number: int = 1) -> NurseArrived:
    return act(NurseArrived, number, hour, shift_number)


def completed(number: int, hour: float, shift_number: int = 1) -> VisitCompleted:
    return act(VisitCompleted, number, hour, shift_number)


def missed(number: int, hour: float, shift_number: int = 1) -> VisitMissed:
    return act(VisitMissed, number, hour, shift_number, reason="not_home")


@dataclass(slots=True)
class ToldSolver:
    """The planner without its search, in this process.

    Attributes:
        failures: raised one after another before it works.
        gate: if set, what it has begun waits for this event.
    """

    jobs: list[Job] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    gate: asyncio.Event | None = None

    async def __call__(self, job: Job) -> Result:
        self.jobs.append(job)
        if self.gate:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        return solve_job(job)


@dataclass(slots=True)
class Room:
    """The room at work, its jobs driven by hand."""

    client: httpx.AsyncClient
    state: RoutingState
    solver: ToldSolver
    jobs: PlanJobs
    areas: dict[AreaId, Area]
    now: dt.datetime = MIDNIGHT

    async def hear(self, *events: Event) -> None:
        """Have the room's handlers hear events, each in its transaction, as the consumer would."""
        for event in events:
            envelope = Envelope(EventId(new_id()), event.event_type, "/test", self.now, event.key(), None, None, event)
            async with self.state.db.transaction() as session:
                await HANDLERS[type(event)](event, Deps(session, envelope, self.state, outbox))

    async def work(self) -> float:
        """Have the jobs plan what is due; return how long they would wait before looking again."""
        while True:
            pause = await self.jobs._work(asyncio.Event())
            if pause > 0:
                return pause

    async def plan(self, *events: Event) -> list[Event]:
        """Have the room hear events and plan; return what it says to them."""
        before = len(await self.said())
        await self.hear(*events)
        self.now += dt.timedelta(seconds=1)  # the input is still
        await self.work()
        return (await self.said())[before:]

    async def said(self) -> list[Event]:
        """Return all the room has said so far, in order."""
        async with self.state.db.reading() as session:
            rows = await (await session.connection()).execute(select(outbox.table).order_by(outbox.table.c.seq))
            messages = [Message(row.topic, row.key, row.value, unpack_headers(row.headers)) for row in rows]
        return [event for message in messages if (event := decode(message).data) is not None]

    async def visit(self, number: int) -> VisitRow:
        """Return what is stored of a visit."""
        async with self.state.db.reading() as session:
            row = await queries.visit(session, visit_id(number))
        assert row is not None
        return row

    async def request(self, day: dt.date = DAY) -> PlanRequestRow | None:
        """Return what is known of a day's planning."""
        async with self.state.db.reading() as session:
            return await queries.request(session, MAPLE, day)

    async def wanted(self, day: dt.date = DAY) -> int:
        """Return how often a plan of the day was asked for."""
        request = await self.request(day)
        return request.wanted if request else 0

    async def read(self, day: dt.date = DAY) -> dict[str, Any]:
        """Read a day's plan."""
        reply = await self.client.get(f"/v1/plans/maple/{day}")
        assert reply.status_code == 200, reply.text
        body: dict[str, Any] = reply.json()
        return body


def routes(said: list[Event]) -> dict[ShiftId, list[VisitId | None]]:
    """Return the stops of the routes said; None is a break."""
    planned = [event.route for event in said if isinstance(event, RoutePlanned)]
    return {route.shift_id: [stop.visit_id for stop in route.stops] for route in planned}


def committed(said: list[Event]) -> PlanCommitted:
    """Return the one plan that was said."""
    (found,) = [event for event in said if isinstance(event, PlanCommitted)]
    return found


def reasons(said: list[Event]) -> Mapping[VisitId, str]:
    """Return why visits are in no route."""
    return {entry.visit_id: entry.reason for entry in committed(said).unassigned}


@asynccontextmanager
async def open_room(data: Path) -> AsyncIterator[Room]:
    """Open the room's database and doors; nothing works in the background."""
    db = Database.in_file(data / "routing.sqlite")
    await upgrade(db, MIGRATIONS)
    areas = {
        MAPLE: Area(
            id=MAPLE,
            name="Maple Falls",
            timezone="America/New_York",
            bbox=(-82.6, 40.0, -82.4, 40.4),
            source="test.osm.pbf",
            source_sha256="0" * 64,
            built_at=MIDNIGHT,
            addresses=1,
            streets=1,
        )
    }
    settings = RoutingSettings(rounds=0, thorough_rounds=0)
    state = RoutingState(db, lambda: room.now, lambda: areas, StraightLine(), settings)
    solver = ToldSolver()
    app = create_app("test", [api.router])
    app.state.rooms = {"routing": state}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
        room = Room(client, state, solver, PlanJobs(state, solver), areas)
        yield room
    await db.close()


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(20):
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.005)
