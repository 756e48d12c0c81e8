"""The geocoding room over a geocoder and keys that do as they are told, with a clock that is set by hand."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from services.geocoding import api
from services.geocoding.deps import GeocodingState
from services.geocoding.domain.address import AddressQuery, Answer, Candidate, Status
from services.geocoding.domain.decide import NOT_FOUND
from services.geocoding.handlers import HANDLERS
from services.geocoding.locating import Locating
from services.geocoding.service import MIGRATIONS
from services.geocoding.settings import GeocodingSettings
from services.geocoding.store.models import PlaceRow, outbox
from shared.areas import Area
from shared.bus.handling import Deps
from shared.bus.headers import unpack_headers
from shared.bus.port import Message
from shared.clock import new_id
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.errors import TransientError
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested
from shared.events.envelope import Envelope, decode
from shared.events.geocoding import UnresolvedReason
from shared.events.ids import AreaId, BookingId, EventId, PatientId, VisitId
from shared.events.registry import Event
from shared.events.values import MatchKind, Priority, TimeWindow
from shared.http import create_app
from shared.security.seal import new_key, seal
from shared.settings import HouseSettings

NOW = dt.datetime(2030, 5, 6, 12, 0, tzinfo=dt.UTC)
MAPLE, BORDER = AreaId("maple"), AreaId("border")
PATIENT, STRANGER = PatientId(UUID(int=9)), PatientId(UUID(int=10))
MAIN_STREET = Candidate(40.1, -82.5, MatchKind.ADDRESS, 0.99, "12 Main Street, Maple Falls, OH 43001", "OH")
EAST_MAIN = Candidate(40.11, -82.4, MatchKind.ADDRESS, 0.95, "12 East Main Street, Maple Falls, OH 43001", "OH")
FOUND = Answer(Status.RESOLVED, (MAIN_STREET,))
EITHER = Answer(Status.REVIEW, (MAIN_STREET, EAST_MAIN), UnresolvedReason.AMBIGUOUS)


def area(area_id: AreaId, *states: str) -> Area:
    """An area of some states."""
    return Area(
        id=area_id,
        name=area_id.title(),
        timezone="America/New_York",
        bbox=(-82.6, 40.0, -82.4, 40.2),
        source="test.osm.pbf",
        source_sha256="0" * 64,
        built_at=NOW,
        addresses=1,
        streets=1,
        states=states,
    )


def visit(number: int) -> VisitId:
    """The visit with this number."""
    return VisitId(UUID(int=number))


@dataclass(slots=True)
class ToldGeocoder:
    """Answers an address line as it was told; what it was not told it does not find.

    Attributes:
        meanwhile: what happens while it is asked.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False
    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def locate(self, query: AddressQuery) -> Answer:
        self.asked.append(query.line)
        if self.away:
            raise TransientError("The geocoder is away.")
        if self.meanwhile:
            await self.meanwhile()
        return self.answers.get(query.line, NOT_FOUND)


@dataclass(slots=True)
class ToldKeys:
    """Patients' keys; ``calls`` lists who was asked for each time."""

    keys: dict[PatientId, bytes] = field(default_factory=lambda: {PATIENT: new_key(), STRANGER: new_key()})
    calls: list[list[PatientId]] = field(default_factory=list)
    away: bool = False

    async def get(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, bytes]:
        wanted = list(patient_ids)
        self.calls.append(wanted)
        if self.away:
            raise TransientError("The booking room did not hand out patient keys.")
        return {patient: self.keys[patient] for patient in wanted if patient in self.keys}


@dataclass(slots=True)
class Office:
    """The room at work, but for its background tasks."""

    client: httpx.AsyncClient
    state: GeocodingState
    geocoder: ToldGeocoder
    keys: ToldKeys
    areas: dict[AreaId, Area]
    now: dt.datetime = NOW

    def requested(self, number: int, line: str, **changes: Any) -> VisitRequested:
        """Booking asks for a visit at an address."""
        return VisitRequested(**self._stated(number, line, **changes))

    def changed(self, number: int, line: str, version: int, **changes: Any) -> VisitChanged:
        """Booking changes a visit."""
        return VisitChanged(**self._stated(number, line, aggregate_version=version, **changes))

    def cancelled(self, number: int, version: int = 2) -> VisitCancelled:
        """Booking says that a visit is off."""
        return VisitCancelled(
            aggregate_version=version,
            visit_id=visit(number),
            booking_id=BookingId(UUID(int=0)),
            area_id=MAPLE,
            reason="patient",
        )

    def _stated(self, number: int, line: str, **changes: Any) -> dict[str, Any]:
        patient = changes.pop("patient", PATIENT)
        key = self.keys.keys[patient]
        stated = {
            "aggregate_version": 1,
            "visit_id": visit(number),
            "booking_id": BookingId(UUID(int=0)),
            "patient_id": patient,
            "area_id": MAPLE,
            "address_version": 1,
            "services": ("b12-im-1000",),
            "duration": dt.timedelta(minutes=20),
            "skills": ("injection",),
            "licence_options": (("RN", "LVN"),),
            "windows": (TimeWindow(start=NOW, end=NOW + dt.timedelta(hours=4)),),
            "priority": Priority.ROUTINE,
            "patient_name": seal(key, patient, "patient_name", "Ada"),
            "address": seal(key, patient, "address", line),
        }
        return stated | changes

    async def hear(self, *events: Event) -> None:
        """Have the room's handlers hear events, each in its transaction, as the consumer would."""
        for event in events:
            envelope = Envelope(EventId(new_id()), event.event_type, "/test", NOW, event.key(), None, None, event)
            async with self.state.db.transaction() as session:
                await HANDLERS[type(event)](event, Deps(session, envelope, self.state, outbox))

    async def locate(self) -> int:
        """Locate one batch of what is queued; return how many there were."""
        return await Locating(self.state)._batch()

    async def place(self, number: int) -> PlaceRow:
        """Return what is stored of a visit's place."""
        async with self.state.db.reading() as session:
            row = await session.get(PlaceRow, visit(number))
        assert row is not None
        return row

    async def said(self) -> list[Event]:
        """Return all the room has said so far, in order."""
        async with self.state.db.reading() as session:
            rows = await (await session.connection()).execute(select(outbox.table).order_by(outbox.table.c.seq))
            messages = [Message(row.topic, row.key, row.value, unpack_headers(row.headers)) for row in rows]
        return [event for message in messages if (event := decode(message).data) is not None]

    async def review(self, **params: Any) -> dict[str, Any]:
        """Read a page of the review queue."""
        reply = await self.client.get("/v1/places/review", params={"area_id": MAPLE, **params})
        assert reply.status_code == 200, reply.text
        page: dict[str, Any] = reply.json()
        return page


@asynccontextmanager
async def open_office(data: Path) -> AsyncIterator[Office]:
    """Open the room's database and doors; nothing works in the background."""
    db = Database.of_room(HouseSettings(data=data), "geocoding")
    await upgrade(db, MIGRATIONS)
    geocoder, keys = ToldGeocoder(), ToldKeys()
    areas = {MAPLE: area(MAPLE, "OH"), BORDER: area(BORDER, "OH", "WV")}
    settings = GeocodingSettings(batch=3, retry_cap_seconds=0.02)

    state = GeocodingState(db, lambda: office.now, lambda: areas, lambda _: geocoder, keys, settings)
    app = create_app("test", [api.router])
    app.state.rooms = {"geocoding": state}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(base_url="http://test", transport=transport) as client:
        office = Office(client, state, geocoder, keys, areas)
        yield office
    await db.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(20):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)
