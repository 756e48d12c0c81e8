"""Composition root of the board."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from services.board.api import ROUTERS
from services.board.deps import BoardState
from services.board.handlers import HANDLERS
from services.board.live import LiveAreas
from services.board.moments import Moments
from services.board.panels import PanelArtist
from services.board.people import Opener, PeerNames
from services.board.settings import BoardSettings
from services.board.store.models import inbox
from services.board.watching import Watching
from shared.bus.consumer import Consumer
from shared.events.ids import NurseId
from shared.runtime import House, Phase, Room, Task
from shared.security.keys import PeerKeys

ROOM = "board"
PURPOSE = "board.look"


def build(house: House) -> Room:
    """Join the board's parts."""
    db = house.database(ROOM)
    booking = house.peers.client(ROOM, "booking")
    nurses = PeerNames(house.peers.client(ROOM, "dispatch"), "/internal/nurses", _nurses, house.clock)
    services = PeerNames(booking, "/v1/services", _services, house.clock)
    artist = PanelArtist(
        house.tokens, BoardSettings().nurse_pages_url.rstrip("/") or _phones(house.settings.public_url)
    )

    live = LiveAreas(db)
    consumer = Consumer(ROOM, house.bus, db, HANDLERS, inbox=inbox, room=None, clock=house.clock)
    state = BoardState(
        house=house,
        db=db,
        live=live,
        moments=Moments(db, nurses, services, artist.draw),
        opener=Opener(PeerKeys(booking, PURPOSE, house.clock)),
        services=services,
        geocoding=house.peers.client(ROOM, "geocoding"),
        routing=house.peers.client(ROOM, "routing"),
    )
    return Room(
        name=ROOM,
        db=db,
        migrations=Path(__file__).parent / "store" / "migrations",
        state=state,
        routers=ROUTERS,
        tasks=[
            Task("board.consumer", Phase.CONSUME, consumer.run),
            Task("board.live", Phase.WORK, live.run),
        ],
        consumer=consumer,
        inbox=inbox,
        sample=Watching(house.areas, house.clock).sample,
    )


def _phones(public_url: str | None) -> str:
    """Return what nurses' links begin with: "" leaves them at the address by which the board itself was reached.

    A loopback address would lead a phone to itself.
    """
    local = urlsplit(public_url or "").hostname in {None, "localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104 - compared, not bound
    return "" if local else str(public_url).rstrip("/")


def _nurses(reply: list[dict[str, Any]]) -> dict[NurseId, str]:
    return {NurseId(UUID(nurse["nurse_id"])): nurse["name"] for nurse in reply}


def _services(reply: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    return {service["code"]: service["name"] for service in reply["services"]}
