"""The routing room over straight lines, with a clock that is set by hand and a solver that does as it is told."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
from services.routing.store import queries, requests
from services.routing.store.models import PlanRequestRow, VisitRow, outbox
from services.routing.travel.straight_line import StraightLine
from shared.areas import Area
from shared.bus.handling import Deps
from shared.bus.headers import unpack_headers
from shared.bus.port import Message
from shared.clock import new_id
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.events.envelope import Envelope, decode
from shared.events.ids import AreaId, EventId, ShiftId, VisitId
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, RoutePlanned
from shared.http import create_app
from shared.settings import HouseSettings
from tests.routing_room.facts import DAY, MAPLE, MIDNIGHT, visit_id


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
            pause = await self.jobs.work()
            if pause > 0:
                await self.jobs.searched()
                pause = await self.jobs.work()
            if pause > 0:
                return pause

    async def plan(self, *events: Event) -> list[Event]:
        """Have the room hear events and plan; return what it says to them."""
        before = len(await self.said())
        await self.hear(*events)
        self.now += dt.timedelta(seconds=2)  # the input is still
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
            return await requests.request(session, MAPLE, day)

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
    db = Database.of_room(HouseSettings(data=data), "routing")
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
        room = Room(client, state, solver, PlanJobs(state, solver, solver), areas)
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
