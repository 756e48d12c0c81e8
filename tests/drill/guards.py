"""The guards, and how to turn each of them off: a control run without one must be caught by the checker."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing import handlers, service
from services.routing.store import queries, requests
from services.routing.store.models import PlanRequestRow
from services.routing.store.requests import Leased
from shared.bus.kafka.subscription import KafkaSubscription
from shared.bus.port import Record
from shared.db.inbox import Inbox
from shared.events.booking import VisitChanged, VisitRequested


def forget_the_inbox() -> None:
    """Take every event for new."""

    async def always_new(*_: object, **__: object) -> bool:
        return True

    Inbox.first_sight = always_new  # type: ignore[method-assign]


def commit_the_offset_first() -> None:
    """Tell the bus that records were handled before they are."""

    poll = KafkaSubscription.poll

    async def poll_and_commit(self: KafkaSubscription, max_records: int, wait_seconds: float) -> Sequence[Record]:
        records = await poll(self, max_records, wait_seconds)
        if records:
            await self.commit({record.lane: record.offset + 1 for record in records})
        return records

    KafkaSubscription.poll = poll_and_commit  # type: ignore[method-assign]


def believe_every_version() -> None:
    """Have planning take a visit's older state for its newest."""

    on_visit_stated = handlers.on_visit_stated

    async def believe(event: Any, deps: Any) -> None:
        row = await queries.visit(deps.session, event.visit_id)
        if row is not None:
            row.version = 0
        await on_visit_stated(event, deps)

    handlers.HANDLERS = {**handlers.HANDLERS, VisitRequested: believe, VisitChanged: believe}

    setattr(service, "HANDLERS", handlers.HANDLERS)  # noqa: B010 - it is imported there, not exported


def save_without_the_lease() -> None:
    """Save a plan although another worker holds the day by now."""

    async def never_lost(session: AsyncSession, leased: Leased, _now: object) -> PlanRequestRow | None:
        return await session.get(PlanRequestRow, (leased.area_id, leased.date))

    async def renewed(*_: object) -> bool:
        return True

    requests.held = never_lost  # type: ignore[assignment]
    requests.renew = renewed  # type: ignore[assignment]


OFF: Mapping[str, Callable[[], None]] = {
    "inbox": forget_the_inbox,
    "offset order": commit_the_offset_first,
    "version check": believe_every_version,
    "lease token": save_without_the_lease,
}
