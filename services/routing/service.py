"""Composition root of the routing room."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from services.routing import api
from services.routing.deps import RoutingState
from services.routing.handlers import HANDLERS
from services.routing.jobs import PlanJobs
from services.routing.settings import RoutingSettings
from services.routing.solver.process import SolverProcess, insert
from services.routing.store.models import inbox, leases, outbox
from services.routing.travel.cache import CachedTravel
from services.routing.travel.fallback import FallbackTravel
from services.routing.travel.graphs import AreaGraphs
from services.routing.travel.osrm import OsrmTravel
from services.routing.travel.osrm_engine import OsrmEngine
from services.routing.travel.port import TravelTimes
from services.routing.travel.remote import RemoteOsrm
from services.routing.travel.straight_line import StraightLine
from services.routing.watching import sample, waits
from shared.bus.consumer import Consumer
from shared.db.relay import Relay
from shared.runtime import House, Phase, Room, Task

NAME = "routing"
MIGRATIONS = Path(__file__).parent / "store" / "migrations"


def build(house: House) -> Room:
    """Compose the room on a house."""
    settings = RoutingSettings()
    db = house.database(NAME)
    travel, close_travel = _travel(house, settings)
    state = RoutingState(db, house.clock, house.areas, travel, settings)
    consumer = Consumer(NAME, house.bus, db, HANDLERS, inbox=inbox, room=state, outbox=outbox, clock=house.clock)
    relay = Relay(db, house.bus, outbox, leases, clock=house.clock)
    solver = SolverProcess()

    async def close() -> None:
        await solver.close()
        await close_travel()

    return Room(
        name=NAME,
        db=db,
        migrations=MIGRATIONS,
        state=state,
        routers=[api.router],
        tasks=[
            Task("routing consumer", Phase.CONSUME, consumer.run),
            Task("routing jobs", Phase.WORK, PlanJobs(state, solver.solve, insert).run),
            Task("routing relay", Phase.RELAY, relay.run),
        ],
        consumer=consumer,
        inbox=inbox,
        outbox=outbox,
        sample=sample,
        waits=waits,
        open=solver.open,
        close=close,
    )


def _travel(house: House, settings: RoutingSettings) -> tuple[TravelTimes, Callable[[], Awaitable[None]]]:
    """Return the source of travel times and how to close it. A guess is never cached: the streets may be back soon."""
    estimate = StraightLine()
    if settings.osrm_url:
        client = httpx.AsyncClient(base_url=settings.osrm_url, timeout=30)
        remote = RemoteOsrm(client, estimate)
        return FallbackTravel(CachedTravel(remote, lambda _: settings.osrm_url), estimate), client.aclose
    engine = OsrmEngine()
    graphs = AreaGraphs(house.data)
    streets = OsrmTravel(engine, graphs, estimate)
    return FallbackTravel(CachedTravel(streets, lambda area_id: graphs(area_id).version), estimate), engine.stop
