"""What happens to a record: inbox row, the handler's change and outbox rows, in one transaction."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from opentelemetry.trace import SpanKind
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.bus.port import Record
from shared.clock import Clock
from shared.db.inbox import Inbox
from shared.db.outbox import Outbox
from shared.db.session import Database
from shared.errors import ConfigurationError
from shared.events.envelope import Envelope, decode
from shared.events.ids import EventId
from shared.events.registry import Event
from shared.events.values import Cause
from shared.observability.metrics import HANDLER_SECONDS
from shared.observability.tracing import present_cause, span


@dataclass(frozen=True, slots=True)
class Deps[R]:
    """What a handler works with.

    Attributes:
        session: the one transaction; nobody commits it but the consumer.
        envelope: id, time and first cause of the event being handled.
        room: whatever the room's composition root gave its consumer.
        outbox: where ``emit`` puts events; None in a room that says nothing.
    """

    session: AsyncSession
    envelope: Envelope
    room: R
    outbox: Outbox | None

    @property
    def cause(self) -> Cause:
        """What work follows from that is put off until later: a row that waits for a job keeps it."""
        return present_cause()

    async def emit(self, *events: Event, cause_of: Callable[[Event], Cause | None] | None = None) -> list[EventId]:
        """Say events in the same transaction, under the first cause and the trace of the one being handled.

        Args:
            events: what is said.
            cause_of: names what an event follows from, where that is something else.
        """
        if self.outbox is None:
            message = "This room has no outbox. Give its consumer one before a handler emits."
            raise ConfigurationError(message)
        return await self.outbox.add(self.session, *events, cause_of=cause_of)


type Handler = Callable[[Any, Deps[Any]], Awaitable[None]]
"""``async def on_<event>(event, deps)``: ten to thirty lines, no try around it, milliseconds."""


class Outcome(Enum):
    """What became of a record that did not fail."""

    HANDLED = auto()
    REPEATED = auto()
    SKIPPED = auto()


@dataclass(frozen=True, slots=True)
class Handling[R]:
    """All that is needed to handle a record of a group; see ``Consumer`` for the parts."""

    group: str
    db: Database
    handlers: Mapping[type[Event], Handler]
    inbox: Inbox
    outbox: Outbox | None
    room: R
    clock: Clock

    async def handle(self, records: Sequence[Record], budget_seconds: float) -> list[Outcome]:
        """Handle the first of these records in one transaction, each once: all that fit into the budget, or none.

        A transaction costs more than most handlers, so a burst shares one. It stays short, for nobody else can write
        to an embedded room meanwhile.

        Returns:
            One outcome for each record handled, in their order; at least one.

        Raises:
            PoisonError: a record cannot be read, or the handler says it can never be handled.
            Exception: whatever the database or a handler raised. Nothing was changed: try them one by one.
        """
        outcomes = []
        until = time.monotonic() + budget_seconds
        async with self.db.transaction() as session:
            for record in records:
                outcomes.append(await self._handle_one(record, session))
                if time.monotonic() >= until:
                    break
        return outcomes

    async def _handle_one(self, record: Record, session: AsyncSession) -> Outcome:
        envelope = decode(record)
        handler = self.handlers.get(type(envelope.data)) if envelope.data else None
        if handler is None:
            return Outcome.SKIPPED
        about = {"event_type": envelope.type, "correlation_id": envelope.correlation_id}
        if not await self.inbox.first_sight(session, self.group, envelope.id, self.clock(), **about):
            return Outcome.REPEATED
        event = type(envelope.data).__name__
        with (
            HANDLER_SECONDS.labels(self.group, event).time(),
            span(f"{self.group} handles {event}", envelope.cause, kind=SpanKind.CONSUMER, rounds_room=self.group),
        ):
            await handler(envelope.data, Deps(session, envelope, self.room, self.outbox))
            await session.flush()
        session.expunge_all()  # the next record reads from the database, as it would in a transaction of its own
        return Outcome.HANDLED
