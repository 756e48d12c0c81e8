"""Composition root of the nurses' pages."""

from pathlib import Path
from typing import Any
from uuid import UUID

from services import page_files
from services.nurse_app.api import files, router
from services.nurse_app.deps import NurseAppState
from services.nurse_app.handlers import HANDLERS
from services.nurse_app.live import LivePages
from services.nurse_app.people import PeerNames, People
from services.nurse_app.store.models import inbox
from shared.bus.consumer import Consumer
from shared.events.ids import NurseId
from shared.runtime import House, Phase, Room, Task
from shared.security.keys import PeerKeys

ROOM = "nurse_app"
PURPOSE = "nurse_app.round"


def build(house: House) -> Room:
    """Join the room's parts."""
    db = house.database(ROOM)
    booking = house.peers.client(ROOM, "booking")
    dispatch = house.peers.client(ROOM, "dispatch")
    live = LivePages(db)
    consumer = Consumer(ROOM, house.bus, db, HANDLERS, inbox=inbox, room=None, clock=house.clock)
    state = NurseAppState(
        house=house,
        db=db,
        live=live,
        people=People(PeerKeys(booking, PURPOSE, house.clock)),
        services=PeerNames(booking, "/v1/services", _services, house.clock),
        nurses=PeerNames(dispatch, "/internal/nurses", _nurses, house.clock),
        dispatch=dispatch,
    )
    return Room(
        name=ROOM,
        db=db,
        migrations=Path(__file__).parent / "store" / "migrations",
        state=state,
        routers=[router, files, page_files.router],
        tasks=[
            Task("nurse_app.consumer", Phase.CONSUME, consumer.run),
            Task("nurse_app.live", Phase.WORK, live.run),
        ],
        consumer=consumer,
        inbox=inbox,
    )


def _nurses(reply: list[dict[str, Any]]) -> dict[NurseId, str]:
    return {NurseId(UUID(nurse["nurse_id"])): nurse["name"] for nurse in reply}


def _services(reply: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    return {service["code"]: service["name"] for service in reply["services"]}
