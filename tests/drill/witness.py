"""The witness: a seventh room that listens to everything and notes the effect of every event it handles.

The house's rooms ignore an event that is older than what they know, so that a second coming leaves no trace in them.
The witness has nothing but its inbox.
"""

import asyncio
import signal
from collections.abc import Mapping

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, insert, make_url
from sqlalchemy.schema import CreateTable

from services.house import furnish
from shared.bus.consumer import Consumer
from shared.bus.handling import Deps, Handler
from shared.db.inbox import Inbox
from shared.events.registry import EVENTS, Event
from shared.observability.logging import configure_logging
from shared.settings import HouseSettings

NAME = "witness"

METADATA = MetaData()
EFFECT = Table(
    "effect",
    METADATA,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("event_id", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("key", String, nullable=False),
    Column("version", Integer, nullable=False),
)
INBOX = Inbox(METADATA)


async def note(event: Event, deps: Deps[None]) -> None:
    """Note an effect."""
    values = {
        "event_id": str(deps.envelope.id),
        "topic": event.topic,
        "key": event.key(),
        "version": event.aggregate_version,
    }
    await (await deps.session.connection()).execute(insert(EFFECT), values)


HANDLERS: Mapping[type[Event], Handler] = {
    event: note for event in EVENTS.values() if not event.topic.startswith("rounds.intake.")
}
"""What comes in from outside has no versions, and no outbox it came from."""


def tables() -> list[str]:
    """Return the statements that make the witness's tables."""
    dialect = make_url("postgresql+asyncpg://").get_dialect()()
    return [str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables]


async def watch() -> None:
    """Consume until SIGTERM."""
    configure_logging()
    house, _ = furnish(HouseSettings(), [])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    db = house.database(NAME)
    await house.bus.start()
    try:
        await Consumer(NAME, house.bus, db, HANDLERS, inbox=INBOX, room=None, clock=house.clock).run(stop)
    finally:
        await house.bus.stop()
        await db.close()
