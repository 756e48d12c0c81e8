"""Composition root of the booking room."""

import datetime as dt
from functools import partial
from pathlib import Path

from services.booking.api import routers
from services.booking.deps import BookingState
from services.booking.handlers import HANDLERS
from services.booking.housekeeping import forget_expired_keys
from services.booking.intake.over_the_bus import answer_unreadable
from services.booking.settings import read_settings
from services.booking.store.catalogue_file import DEFAULT, load_catalogue
from services.booking.store.models import inbox, leases, outbox
from services.booking.store.together import Together
from services.booking.store.vault import Vault
from shared.bus.consumer import Consumer
from shared.db.relay import Relay
from shared.runtime import House, Phase, Room, Task
from shared.security.secrets import read_or_create

ROOM = "booking"
MIGRATIONS = Path(__file__).parent / "store" / "migrations"


def build(house: House) -> Room:
    """Join the room's parts.

    Raises:
        ConfigurationError: a setting, the catalogue or the key file cannot be used.
    """
    settings = read_settings()
    catalogue = load_catalogue(settings.catalogue or DEFAULT)
    kek = read_or_create(settings.kek_file or house.data / "secrets" / "booking.kek")
    db = house.database(ROOM)
    state = BookingState(
        db=db,
        clock=house.clock,
        tokens=house.tokens,
        areas=house.areas,
        catalogue=catalogue,
        rules=settings.wish_rules(),
        vault=Vault(kek),
        keep_replies=dt.timedelta(days=settings.idempotency_days),
        together=Together(db),
    )
    consumer = Consumer(
        ROOM,
        house.bus,
        db,
        HANDLERS,
        inbox=inbox,
        outbox=outbox,
        room=state,
        clock=house.clock,
        on_buried=partial(answer_unreadable, state),
    )
    relay = Relay(db, house.bus, outbox, leases, clock=house.clock)
    return Room(
        name=ROOM,
        db=db,
        migrations=MIGRATIONS,
        state=state,
        routers=routers,
        tasks=[
            Task("booking.consumer", Phase.CONSUME, consumer.run),
            Task("booking.expired_keys", Phase.WORK, partial(forget_expired_keys, state)),
            Task("booking.relay", Phase.RELAY, relay.run),
        ],
        consumer=consumer,
        inbox=inbox,
        outbox=outbox,
    )
