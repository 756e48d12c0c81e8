"""Composition root of the geocoding room."""

from pathlib import Path

from services.geocoding import api
from services.geocoding.deps import GeocodingState
from services.geocoding.geocoders import AreaGeocoders
from services.geocoding.handlers import HANDLERS
from services.geocoding.locating import Locating
from services.geocoding.settings import GeocodingSettings
from services.geocoding.store.models import inbox, leases, outbox
from services.geocoding.watching import waits
from shared.bus.consumer import Consumer
from shared.db.relay import Relay
from shared.runtime import House, Phase, Room, Task
from shared.security.keys import PeerKeys

NAME = "geocoding"
MIGRATIONS = Path(__file__).parent / "store" / "migrations"


def build(house: House) -> Room:
    """Compose the room on a house."""
    settings = GeocodingSettings()
    db = house.database(NAME)
    geocoders = AreaGeocoders(house.data, settings, house.clock)
    state = GeocodingState(
        db=db,
        clock=house.clock,
        areas=house.areas,
        geocoder=geocoders.of,
        keys=PeerKeys(house.peers.client(NAME, "booking"), "geocoding.locate", house.clock),
        settings=settings,
    )
    consumer = Consumer(NAME, house.bus, db, HANDLERS, inbox=inbox, room=state, outbox=outbox, clock=house.clock)
    relay = Relay(db, house.bus, outbox, leases, clock=house.clock)
    return Room(
        name=NAME,
        db=db,
        migrations=MIGRATIONS,
        state=state,
        routers=[api.router],
        tasks=[
            Task("geocoding consumer", Phase.CONSUME, consumer.run),
            Task("geocoding jobs", Phase.WORK, Locating(state).run),
            Task("geocoding relay", Phase.RELAY, relay.run),
        ],
        consumer=consumer,
        inbox=inbox,
        outbox=outbox,
        waits=waits,
        close=geocoders.close,
    )
