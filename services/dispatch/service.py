"""Composition root of the dispatch room."""

from pathlib import Path

from services.dispatch.api import router
from services.dispatch.deps import DispatchState
from services.dispatch.handlers import HANDLERS
from services.dispatch.settings import DispatchSettings
from services.dispatch.store.models import inbox, leases, outbox
from shared.bus.consumer import Consumer
from shared.db.relay import Relay
from shared.runtime import House, Phase, Room, Task

ROOM = "dispatch"
MIGRATIONS = Path(__file__).parent / "store" / "migrations"


def build(house: House) -> Room:
    """Join the room's parts."""
    db = house.database(ROOM)
    state = DispatchState(
        db=db,
        outbox=outbox,
        clock=house.clock,
        tokens=house.tokens,
        areas=house.areas,
        settings=DispatchSettings(),
    )
    consumer = Consumer(ROOM, house.bus, db, HANDLERS, inbox=inbox, outbox=outbox, room=state, clock=house.clock)
    relay = Relay(db, house.bus, outbox, leases, clock=house.clock)
    return Room(
        name=ROOM,
        db=db,
        migrations=MIGRATIONS,
        state=state,
        routers=[router],
        tasks=[
            Task("dispatch.consumer", Phase.CONSUME, consumer.run),
            Task("dispatch.relay", Phase.RELAY, relay.run),
        ],
        consumer=consumer,
        inbox=inbox,
        outbox=outbox,
    )
