"""A room small enough to check by hand: it notes the effect of every event it handles."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from shared.bus.consumer import Consumer, ConsumerSettings
from shared.bus.handling import Deps, Handler
from shared.bus.port import Bus
from shared.db.inbox import Inbox
from shared.db.lease import Leases
from shared.db.outbox import Outbox
from shared.db.relay import Relay, RelaySettings
from shared.db.session import Database
from shared.events.booking import VisitCancelled
from shared.events.ids import AreaId, BookingId, VisitId
from shared.events.registry import Event

BRISK_RELAY = RelaySettings(batch=3, retry_cap_seconds=0.05)
BRISK_CONSUMER = ConsumerSettings(batch=3, attempts=3, first_pause_seconds=0.001, retry_cap_seconds=0.01)


def fact(visit: int, version: int, reason: str = "patient") -> VisitCancelled:
    """Return an event of one visit; only its key, its version and its reason matter here."""
    return VisitCancelled(
        aggregate_version=version,
        visit_id=VisitId(UUID(int=visit)),
        booking_id=BookingId(UUID(int=0)),
        area_id=AreaId("here"),
        reason=reason,
    )


@dataclass
class TinyRoom:
    """Tables, outbox, inbox and leases of a room, in one file."""

    path: Path
    db: Database
    metadata: MetaData
    effect: Table
    outbox: Outbox
    inbox: Inbox
    leases: Leases
    settings: ConsumerSettings = field(default_factory=lambda: BRISK_CONSUMER)

    @classmethod
    def at(cls, path: Path) -> "TinyRoom":
        """Describe the room whose file is here; nothing is opened yet."""
        metadata = MetaData()
        effect = Table(
            "effect",
            metadata,
            Column("n", Integer, primary_key=True),
            Column("event_id", String, nullable=False),
            Column("key", String, nullable=False),
            Column("version", Integer, nullable=False),
        )
        return cls(
            path,
            Database.in_file(path),
            metadata,
            effect,
            Outbox(metadata, "tiny"),
            Inbox(metadata),
            Leases(metadata),
        )

    async def create(self) -> None:
        """Create the tables that are not there."""
        async with self.db.writer.begin() as connection:
            await connection.run_sync(self.metadata.create_all)

    def relay(self, bus: Bus, settings: RelaySettings = BRISK_RELAY) -> Relay:
        """Return a relay of this room."""
        return Relay(self.db, bus, self.outbox, self.leases, settings=settings)

    def consumer(
        self, bus: Bus, group: str = "tiny", handlers: Mapping[type[Event], Handler] | None = None
    ) -> "Consumer[TinyRoom]":
        """Return a consumer of this room; by default it notes what it sees."""
        return Consumer(
            group,
            bus,
            self.db,
            handlers or {VisitCancelled: on_visit_cancelled},
            inbox=self.inbox,
            outbox=self.outbox,
            room=self,
            settings=self.settings,
        )

    async def say(self, *events: Event) -> list[str]:
        """Put events into the outbox in one transaction; return their ids."""
        async with self.db.transaction() as session:
            return [str(event_id) for event_id in await self.outbox.add(session, *events)]

    async def effects(self) -> list[tuple[str, str, int]]:
        """Return event id, key and version of every effect, in the order in which they happened."""
        async with self.db.reading() as session:
            rows = await (await session.connection()).execute(select(self.effect).order_by(self.effect.c.n))
            return [(row.event_id, row.key, row.version) for row in rows]

    async def waiting(self) -> int:
        """Return how many events the outbox still holds back."""
        async with self.db.reading() as session:
            return (await self.outbox.backlog(session)).count


async def on_visit_cancelled(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
    """Note an effect."""
    connection = await deps.session.connection()
    values = {"event_id": str(deps.envelope.id), "key": event.key(), "version": event.aggregate_version}
    await connection.execute(insert(deps.room.effect), values)


def doubles(effects: list[tuple[str, str, int]]) -> list[str]:
    """Return the events that took effect more than once."""
    times = Counter(event_id for event_id, _, _ in effects)
    return [event_id for event_id, count in times.items() if count > 1]


def out_of_order(effects: list[tuple[str, str, int]]) -> list[str]:
    """Return the keys that a version reached after a higher one."""
    highest: dict[str, int] = {}
    late = []
    for _, key, version in effects:
        if version < highest.get(key, 0):
            late.append(key)
        highest[key] = max(version, highest.get(key, 0))
    return late
