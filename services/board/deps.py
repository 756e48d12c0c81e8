"""What the board's endpoints work with, and how they get it."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import httpx
from fastapi import Depends, Request

from services.board.live import LiveAreas
from services.board.moments import Moments
from services.board.people import Opener, PeerNames
from shared.areas import Area
from shared.db.session import Database
from shared.errors import Problem, not_found
from shared.events.ids import AreaId
from shared.runtime import House


@dataclass(frozen=True, slots=True)
class BoardState:
    """The board's parts.

    Attributes:
        services: names of the catalogue's services, by code.
        geocoding: client to the room that owns places.
        routing: client to the room that owns plans.
    """

    house: House
    db: Database
    live: LiveAreas
    moments: Moments
    opener: Opener
    services: PeerNames[str]
    geocoding: httpx.AsyncClient
    routing: httpx.AsyncClient


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
    area = board.house.areas().get(AreaId(area_id))
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
