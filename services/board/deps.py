"""What the board's endpoints work with, and how they get it."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from fastapi import Depends, Request

from services.board.live import LiveAreas
from services.board.moments import Moments
from services.board.people import Opener, PeerNames
from shared.areas import Area
from shared.bus.dead_letters import DeadLetter
from shared.bus.port import Bus
from shared.clock import Clock
from shared.db.session import Database
from shared.errors import Problem, not_found
from shared.events.ids import AreaId


@dataclass(frozen=True, slots=True)
class BoardState:
    """The board's parts.

    Attributes:
        data: the house's data directory, where the maps are.
        areas: those built so far.
        services: names of the catalogue's services, by code.
        geocoding: client to the room that owns places.
        routing: client to the room that owns plans.
        dead_letters: the records no room could handle, oldest first.
        stopping: set when the house begins to stop; streams end.
    """

    db: Database
    bus: Bus
    clock: Clock
    data: Path
    areas: Callable[[], Mapping[AreaId, Area]]
    live: LiveAreas
    moments: Moments
    opener: Opener
    services: PeerNames[str]
    geocoding: httpx.AsyncClient
    routing: httpx.AsyncClient
    dead_letters: Callable[[], Awaitable[Sequence[DeadLetter]]]
    stopping: asyncio.Event


def current(request: Request) -> BoardState:
    """Return the board of the house that serves this request."""
    state: BoardState = request.app.state.rooms["board"]
    return state


type Board = Annotated[BoardState, Depends(current)]


@dataclass(frozen=True, slots=True)
class AreaDay:
    """The area and date that a path names."""

    area: Area
    date: dt.date

    @property
    def base(self) -> str:
        """The path under which everything of this day is found."""
        return f"/board/{self.area.id}/{self.date}"


def area_day(area_id: str, date: dt.date, board: Board) -> AreaDay:
    """Return the area and date of a path.

    Raises:
        Problem: 404, there is no such area.
    """
    area = board.areas().get(AreaId(area_id))
    if area is None:
        raise not_found("area", area_id)
    return AreaDay(area, date)


type Day = Annotated[AreaDay, Depends(area_day)]


def same_origin(request: Request) -> None:
    """Refuse a command that another site's page sent in the dispatcher's name.

    Raises:
        Problem: 403.
    """
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        detail = "This command came from a page of another site. Use the board itself."
        raise Problem(403, "foreign-origin", "Not from this board", detail)
