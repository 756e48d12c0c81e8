"""What a room knows of one booking: what it said, what it handled, what waits inside it. Ids, types and times only.

``rounds trace`` puts the answers of the rooms together. They come from databases, so the bus may be away.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.bus.dead_letters import list_dead_letters
from shared.bus.port import Bus
from shared.events.registry import EVENTS

if TYPE_CHECKING:
    from shared.runtime import Room


class SaidEvent(BaseModel):
    """An event in the room's outbox; ``published_at`` is null while it waits there."""

    event_id: UUID
    event: str
    subject: str
    said_at: AwareDatetime
    published_at: AwareDatetime | None


class HandledEvent(BaseModel):
    """An event in the room's inbox."""

    event_id: UUID
    event: str
    handled_at: AwareDatetime


class RoomStep(BaseModel):
    """Something the room did, or has yet to do, between what it hears and what it says."""

    at: AwareDatetime
    what: str
    waiting: bool


class BuriedEvent(BaseModel):
    """An event this room could not handle: it is among the dead letters."""

    event_id: UUID
    event: str
    reason: str


class Whereabouts(BaseModel):
    """What one room knows of a booking.

    Attributes:
        hears: the events it handles.
        bus_trouble: why nothing can be published now; null while the bus answers.
    """

    room: str
    hears: list[str]
    bus_trouble: str | None
    said: list[SaidEvent]
    handled: list[HandledEvent]
    steps: list[RoomStep]
    buried: list[BuriedEvent]


type Waits = Callable[[AsyncSession, Sequence[UUID]], Awaitable[list[RoomStep]]]
"""Returns what the room did with the visits of these ids, or has yet to do."""


def trace_router(room: "Room", bus: Bus) -> APIRouter:
    """Return the room's endpoint."""
    router = APIRouter(prefix=f"/v1/{room.name}", tags=["watching"], include_in_schema=False)

    @router.get("/trace/{correlation_id}", summary="Tell what the room knows of a booking")
    async def whereabouts(
        correlation_id: Annotated[str, Path(max_length=100, description="The booking's id.")],
        visit: Annotated[tuple[UUID, ...], Query(max_length=20, description="Its visits, as far as known.")] = (),
        *,
        buried: Annotated[bool, Query(description="Look through the dead letters too; that takes longer.")] = False,
    ) -> Whereabouts:
        async with room.db.reading() as session:
            said = await room.outbox.said(session, correlation_id) if room.outbox else []
            handled = await room.inbox.handled(session, correlation_id) if room.inbox else []
            steps = await room.waits(session, visit) if room.waits else []
        hears = room.consumer.hears if room.consumer else frozenset()
        return Whereabouts(
            room=room.name,
            hears=sorted(_name(event_type) for event_type in hears),
            bus_trouble=bus.trouble,
            said=[
                SaidEvent(
                    event_id=row.event_id,
                    event=_name(row.event_type),
                    subject=row.subject,
                    said_at=row.said_at,
                    published_at=row.published_at,
                )
                for row in said
            ],
            handled=[
                HandledEvent(event_id=row.event_id, event=_name(row.event_type), handled_at=row.handled_at)
                for row in handled
            ],
            steps=steps,
            buried=await _buried(room, bus, correlation_id) if buried and bus.trouble is None else [],
        )

    return router


async def _buried(room: "Room", bus: Bus, correlation_id: str) -> list[BuriedEvent]:
    topics: Iterable[str] = {EVENTS[name].topic for name in room.consumer.hears} if room.consumer else ()
    return [
        BuriedEvent(event_id=UUID(letter.event_id), event=_name(letter.event_type), reason=letter.reason)
        for letter in await list_dead_letters(bus, topics)
        if letter.place.group == room.name
        and letter.original.headers.get("ce_correlationid") == correlation_id.encode()
    ]


def _name(event_type: str) -> str:
    """Return an event's class name, which is what people call it."""
    known = EVENTS.get(event_type)
    return known.__name__ if known else event_type
