"""The board and the nurses' pages in a house of their own; the rooms they talk to are stood in for."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import func, select

from services.board.handlers import HANDLERS as BOARD_HANDLERS
from services.board.service import build as build_board
from services.board.store.models import inbox as board_inbox
from services.nurse_app.handlers import HANDLERS as NURSE_APP_HANDLERS
from services.nurse_app.service import build as build_nurse_app
from services.nurse_app.store.models import inbox as nurse_app_inbox
from shared.areas import MANIFEST, area_dir
from shared.bus.handling import Deps, Handler
from shared.bus.log import LogBus
from shared.clock import new_id
from shared.errors import Problem
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    NurseArrived,
    NurseEnRoute,
    ShiftOpened,
    VisitCompleted,
    VisitMissed,
)
from shared.events.envelope import Envelope, encode
from shared.events.ids import EventId, NurseId, PatientId, VisitId
from shared.events.registry import Event
from shared.http import problem_response
from shared.peers import Peers
from shared.runtime import House, Room, opened
from shared.security.tokens import NurseDay, Tokens
from shared.settings import HouseSettings
from tests.web.story import EIGHT, Story

ACTS: dict[str, type[ActEvent]] = {
    "accept": AssignmentAccepted,
    "en_route": NurseEnRoute,
    "arrived": NurseArrived,
    "done": VisitCompleted,
    "missed": VisitMissed,
}
SERVICES = {"b12-im-1000": "B12 shot 1000 mcg", "wellness-panel": "Wellness panel", "b12-level": "B12 level"}
INBOXES = {"board": board_inbox, "nurse_app": nurse_app_inbox}
HEARD_SECONDS = 20


@dataclass(slots=True)
class HandClock:
    """A clock that stands until it is set."""

    now: dt.datetime = EIGHT

    def __call__(self) -> dt.datetime:
        return self.now


@dataclass(slots=True)
class Neighbours:
    """Stands in for booking, geocoding, routing and dispatch: answers as they do, and keeps what it was asked.

    Attributes:
        house: whose bus an act is said on.
        asked: path and body of each command.
        refusal: what commands are answered with, if anything.
        opened: patients whose keys were handed out, in order.
        away: whether every question is answered with 503.
        silent: whether acts are taken without an event, as those that a visit has behind it are.
    """

    house: House
    story: Story
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusal: Problem | None = None
    opened: list[PatientId] = field(default_factory=list)
    away: bool = False
    silent: bool = False

    def router(self) -> APIRouter:
        """Return the endpoints of the rooms stood in for."""
        router = APIRouter()
        router.add_api_route("/internal/patient-keys", self.keys, methods=["POST"], response_model=None)
        router.add_api_route("/internal/nurses", self.nurses, response_model=None)
        router.add_api_route("/v1/services", self.services, response_model=None)
        router.add_api_route("/v1/{path:path}", self.command, methods=["POST"], response_model=None)
        return router

    async def keys(self, request: Request) -> Response:
        """Booking: hand out keys."""
        wanted = [PatientId(UUID(each)) for each in (await request.json())["patient_ids"]]
        self.opened += wanted
        return self._answer(
            {"keys": {str(each): self.story.keys[each].hex() for each in wanted if each in self.story.keys}}
        )

    async def nurses(self) -> Response:
        """Dispatch: tell the nurses' names."""
        return self._answer(
            [
                {"nurse_id": str(nurse.nurse_id), "nurse_ref": nurse.ref, "name": nurse.name}
                for nurse in self.story.nurses.values()
            ]
        )

    async def services(self) -> Response:
        """Booking: tell the catalogue."""
        return self._answer({"services": [{"code": code, "name": name} for code, name in SERVICES.items()]})

    async def command(self, path: str, request: Request) -> Response:
        """Take a command, or refuse it; what an act becomes is said at once, as dispatch does."""
        text = await request.body()
        body = await request.json() if text else {}
        self.asked.append((path, body))
        if self.refusal:
            return problem_response(self.refusal)
        if path.endswith("/acts") and not (self.silent or self.away):
            await self._perform(VisitId(UUID(path.split("/")[1])), body)
        return self._answer({})

    async def _perform(self, visit_id: VisitId, body: dict[str, Any]) -> None:
        nurse = self.story.nurses[NurseId(UUID(body["nurse_id"]))]
        reason = {"reason": body["reason"]} if body["reason"] else {}
        at = dt.datetime.fromisoformat(body["at"]) if body["at"] else self.house.clock()
        await publish(self.house, self.story.act(ACTS[body["act"]], nurse, visit_id, at, **reason))

    def _answer(self, body: Any) -> Response:
        return Response(status_code=503) if self.away else JSONResponse(body)


async def publish(house: House, *events: Event) -> list[EventId]:
    """Put events on the bus as the rooms' relays do; return the ids they were given."""
    ids = [EventId(new_id()) for _ in events]
    now = house.clock()
    await house.bus.publish(
        [
            encode(event, event_id=known, source="/rounds/test", time=now)
            for event, known in zip(events, ids, strict=True)
        ]
    )
    return ids


@dataclass(slots=True)
class Floor:
    """The running rooms, and the means to tell them things.

    Attributes:
        app: serves every endpoint.
        client: calls it without a socket.
    """

    house: House
    rooms: dict[str, Room]
    app: FastAPI
    client: httpx.AsyncClient
    story: Story
    neighbours: Neighbours

    @property
    def base(self) -> str:
        """Where the board's day is."""
        return f"/board/{self.story.area.id}/{self.story.date}"

    async def say(self, *events: Event) -> None:
        """Publish events and wait until both rooms have handled those that concern them."""
        ids = dict(zip(await publish(self.house, *events), events, strict=True))
        async with asyncio.timeout(HEARD_SECONDS):
            for name, handlers in (("board", BOARD_HANDLERS), ("nurse_app", NURSE_APP_HANDLERS)):
                await self._heard(name, [known for known, event in ids.items() if type(event) in handlers])

    async def _heard(self, name: str, ids: list[EventId]) -> None:
        db = self.rooms[name].db
        query = select(func.count()).where(INBOXES[name].table.c.event_id.in_(ids))
        committed = db.commits()
        while True:
            committed.clear()
            async with db.reading() as session:
                if (await (await session.connection()).execute(query)).scalar_one() == len(ids):
                    return
            await committed.wait()

    def link(self, shift: ShiftOpened) -> str:
        """Return the path of a nurse's page."""
        return f"/n/{self.house.tokens.for_nurse(NurseDay(shift.nurse_id, self.story.area.id, self.story.date))}"


async def apply(room: Room, handlers: Mapping[type[Event], Handler], events: Sequence[Event]) -> None:
    """Hand events to a room's handlers as they are, past bus and inbox: in any order, as often as given."""
    async with room.db.transaction() as session:
        for event in events:
            if type(event) in handlers:
                await handlers[type(event)](event, Deps(session, _envelope(event), None, None))


def _envelope(event: Event) -> Envelope:
    return Envelope(EventId(new_id()), event.event_type, "/rounds/test", EIGHT, event.key(), None, None, event)


def furnish(data: Path, story: Story, clock: HandClock) -> tuple[House, list[Room]]:
    """Compose both rooms on a data directory that has the story's area."""
    folder = area_dir(data, story.area.id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(story.area.model_dump_json())
    tokens = Tokens(b"0" * 32, clock)
    house = House(
        settings=HouseSettings(data=data),
        bus=LogBus(data / "bus.sqlite", clock=clock),
        clock=clock,
        tokens=tokens,
        peers=Peers(tokens, {}),
    )
    return house, [build_board(house), build_nurse_app(house)]


@asynccontextmanager
async def open_floor(data: Path, story: Story | None = None, clock: HandClock | None = None) -> AsyncIterator[Floor]:
    """Run both rooms on a data directory; opened again on the same one, they go on where they stopped."""
    story = story or Story()
    house, rooms = furnish(data, story, clock or HandClock())
    neighbours = Neighbours(house, story)
    async with opened(house, rooms) as app:
        app.include_router(neighbours.router())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://house") as client:
            yield Floor(house, {room.name: room for room in rooms}, app, client, story, neighbours)
