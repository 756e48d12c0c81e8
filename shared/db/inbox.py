"""The inbox: which events a consumer has handled. With it a record that comes twice takes effect once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Index, MetaData, String, Table, Uuid, bindparam, delete, select, text, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db.base import UtcDateTime
from shared.events.ids import EventId


@dataclass(frozen=True, slots=True)
class Handled:
    """An event that took effect."""

    event_id: EventId
    event_type: str
    handled_at: datetime


class Inbox:
    """The table ``inbox`` of a room.

    Args:
        metadata: the room's; the table joins it.
    """

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "inbox",
            metadata,
            Column("consumer", String, primary_key=True),
            Column("event_id", Uuid, primary_key=True),
            Column("handled_at", UtcDateTime, nullable=False),
            Column("event_type", String),
            Column("correlation_id", String),
            sqlite_with_rowid=False,
        )
        Index(
            "ix_inbox_handled_at", self.table.c.handled_at
        )  # to forget by; rows come in its order, so it costs little
        known = self.table.c.correlation_id.is_not(None)
        Index("ix_inbox_correlation_id", self.table.c.correlation_id, sqlite_where=known, postgresql_where=known)
        # The same words in SQLite and PostgreSQL.
        self._insert = text(
            "INSERT INTO inbox (consumer, event_id, handled_at, event_type, correlation_id)"
            " VALUES (:consumer, :event_id, :handled_at, :event_type, :correlation_id)"
            " ON CONFLICT DO NOTHING RETURNING 1"
        ).bindparams(bindparam("event_id", type_=Uuid()), bindparam("handled_at", type_=UtcDateTime()))

    async def first_sight(
        self,
        session: AsyncSession,
        consumer: str,
        event_id: EventId,
        now: datetime,
        *,
        event_type: str | None = None,
        correlation_id: str | None = None,
    ) -> bool:
        """Note an event as handled, in the transaction that handles it; tell whether it was new.

        Type and correlation are kept for who asks later how far a booking has come.

        Asking first and inserting later would let two members of a group, one of which just lost the lane to the other,
        both find nothing and both handle the record. The insert itself decides: the second waits for the first to
        commit, then gets no row back; if the first rolls back, the second gets it.
        """
        connection = await session.connection()
        about = {"event_type": event_type, "correlation_id": correlation_id}
        row = await connection.execute(
            self._insert, {"consumer": consumer, "event_id": event_id, "handled_at": now, **about}
        )
        return row.first() is not None

    async def handled(self, session: AsyncSession, correlation_id: str) -> list[Handled]:
        """Return what was handled of all that follows from one first cause, in order, as far as it is kept."""
        table = self.table.c
        query = (
            select(table.event_id, table.event_type, table.handled_at)
            .where(table.correlation_id == correlation_id)
            .order_by(table.handled_at)
        )
        rows = await (await session.connection()).execute(query)
        return [Handled(event_id, event_type, handled_at) for event_id, event_type, handled_at in rows]

    async def prune(self, session: AsyncSession, before: datetime, limit: int) -> int:
        """Forget what was handled before an instant, at most so many rows, the oldest first; return how many went.

        Keep rows for longer than any topic keeps records, or a replay takes effect again.
        """
        table = self.table.c
        oldest = (
            select(table.consumer, table.event_id)
            .where(table.handled_at < before)
            .order_by(table.handled_at)
            .limit(limit)
        )
        statement = delete(self.table).where(tuple_(table.consumer, table.event_id).in_(oldest))
        return (await (await session.connection()).execute(statement)).rowcount
