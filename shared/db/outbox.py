"""The outbox: events wait in the room's own database until the relay has published them.

A change and what is said about it commit together, or neither does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.bus.headers import pack_headers, unpack_headers
from shared.bus.port import Message
from shared.clock import Clock, new_id, utc_now
from shared.db.base import UtcDateTime
from shared.errors import ConfigurationError, PoisonError
from shared.events.envelope import encode
from shared.events.ids import EventId
from shared.events.registry import Event
from shared.events.topics import RECORD_BYTES, TOPICS
from shared.events.values import Cause
from shared.observability.tracing import correlate, present_cause

LARGEST_BYTES = RECORD_BYTES - (1 << 12)
"""Key, headers and body; the bus adds some of its own."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A row that is not published yet.

    Attributes:
        seq: its place in the order of insertion.
    """

    seq: int
    message: Message


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be published.

    Attributes:
        oldest: when the first of it was said; None when nothing waits.
    """

    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a booking.

    Attributes:
        subject: the key of the event's aggregate.
        published_at: None while it waits.
    """

    event_id: EventId
    event_type: str
    subject: str
    said_at: datetime
    published_at: datetime | None


class Outbox:
    """The table ``outbox`` of a room.

    Args:
        metadata: the room's; the table joins it.
        room: the name events carry as their source.
        clock: stamps the events.
    """

    def __init__(self, metadata: MetaData, room: str, *, clock: Clock = utc_now) -> None:
        self.room = room
        self._source = f"/rounds/{room}"
        self._clock = clock
        self.table = Table(
            "outbox",
            metadata,
            Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
            Column("event_id", Uuid, nullable=False, unique=True),
            Column("topic", String, nullable=False),
            Column("key", LargeBinary, nullable=False),
            Column("headers", Text, nullable=False),
            Column("value", LargeBinary, nullable=False),
            Column("created_at", UtcDateTime, nullable=False),
            Column("published_at", UtcDateTime),
            Column("correlation_id", String),
            sqlite_autoincrement=True,  # a pruned row's place is never given again
        )
        waiting = self.table.c.published_at.is_(None)
        Index("ix_outbox_waiting", self.table.c.seq, sqlite_where=waiting, postgresql_where=waiting)
        known = self.table.c.correlation_id.is_not(None)
        Index("ix_outbox_correlation_id", self.table.c.correlation_id, sqlite_where=known, postgresql_where=known)

    async def add(
        self,
        session: AsyncSession,
        *events: Event,
        correlation_id: str | None = None,
        cause_of: Callable[[Event], Cause | None] | None = None,
    ) -> list[EventId]:
        """Say events, in order, in the caller's transaction; return the ids they were given.

        Args:
            session: the caller's.
            events: what is said.
            correlation_id: names the first cause, which begins with these events; by default they follow from whatever
                the caller is working on.
            cause_of: names what an event follows from, where that is something else.

        Raises:
            ConfigurationError: an event whose topic is not on the list.
            PoisonError: an event that no bus would take; said all the same, it would hold up all that is said later.
        """
        now = self._clock()
        if correlation_id is not None:
            correlate(Cause(correlation_id=correlation_id, requested_at=now))
        present = present_cause()
        ids = [EventId(new_id()) for _ in events]
        rows = []
        for event_id, data in zip(ids, events, strict=True):
            if data.topic not in TOPICS:
                message = (
                    f"{data.event_type} goes to {data.topic}, which is not in shared/events/topics.py. Add it there."
                )
                raise ConfigurationError(message)
            cause = (cause_of(data) if cause_of else None) or present
            sent = encode(data, event_id=event_id, source=self._source, time=now, cause=cause)
            size = len(sent.key) + len(sent.value) + sum(len(name) + len(value) for name, value in sent.headers.items())
            if size > LARGEST_BYTES:
                raise PoisonError(f"{data.event_type} would have {size:,} bytes, and the bus takes {LARGEST_BYTES:,}.")
            rows.append(
                {
                    "event_id": event_id,
                    "topic": sent.topic,
                    "key": sent.key,
                    "headers": pack_headers(sent.headers),
                    "value": sent.value,
                    "created_at": now,
                    "correlation_id": cause.correlation_id,
                }
            )
        if rows:
            await (await session.connection()).execute(insert(self.table), rows)
        return ids

    async def waiting(self, session: AsyncSession, limit: int) -> list[Pending]:
        """Return the first unpublished rows in the order of insertion.

        Never ``seq > last``: in PostgreSQL a lower number may be committed after a higher one was read. The rows of one
        aggregate are safe either way, for their transactions queue for the aggregate's row.
        """
        table = self.table.c
        query = (
            select(table.seq, table.topic, table.key, table.headers, table.value)
            .where(table.published_at.is_(None))
            .order_by(table.seq)
            .limit(limit)
        )
        rows = await (await session.connection()).execute(query)
        return [
            Pending(seq, Message(topic, key, value, unpack_headers(headers)))
            for seq, topic, key, headers, value in rows
        ]

    async def mark(self, session: AsyncSession, published: Sequence[Pending], now: datetime) -> None:
        """Note that these rows are on the bus since now, on the clock that also says when they are old."""
        statement = (
            update(self.table).where(self.table.c.seq.in_([row.seq for row in published])).values(published_at=now)
        )
        await (await session.connection()).execute(statement)

    async def backlog(self, session: AsyncSession) -> Backlog:
        """Return how much waits, and since when."""
        query = select(func.count(), func.min(self.table.c.created_at)).where(self.table.c.published_at.is_(None))
        count, oldest = (await (await session.connection()).execute(query)).one()
        return Backlog(count, oldest)

    async def said(self, session: AsyncSession, correlation_id: str) -> list[Said]:
        """Return all that follows from one first cause, in order, as far as it is kept."""
        table = self.table.c
        query = (
            select(table.event_id, table.headers, table.created_at, table.published_at)
            .where(table.correlation_id == correlation_id)
            .order_by(table.seq)
        )
        found = []
        for event_id, packed, said_at, published_at in await (await session.connection()).execute(query):
            headers = unpack_headers(packed)
            kind, subject = headers["ce_type"].decode(), headers["ce_subject"].decode()
            found.append(Said(event_id, kind, subject, said_at, published_at))
        return found

    async def prune(self, session: AsyncSession, before: datetime, limit: int) -> int:
        """Delete rows published before an instant, looking at the first so many only; return how many went.

        Rows are published in their order, so those to delete are the first ones, and the primary key finds them.
        """
        first = select(self.table.c.seq, self.table.c.published_at).order_by(self.table.c.seq).limit(limit).subquery()
        old = select(first.c.seq).where(first.c.published_at < before)
        statement = delete(self.table).where(self.table.c.seq.in_(old))
        return (await (await session.connection()).execute(statement)).rowcount
