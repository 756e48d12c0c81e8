"""What the nurses' pages work with, and whose page a link opens."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

import httpx
from fastapi import Depends, Request

from services.nurse_app.live import LivePages
from services.nurse_app.people import PeerNames, People
from shared.areas import Area
from shared.db.session import Database
from shared.errors import Problem
from shared.events.ids import NurseId
from shared.runtime import House
from shared.security.tokens import NurseDay

AFTER_MIDNIGHT = dt.timedelta(hours=6)
"""A shift may end in the small hours: until then the link of the evening before still opens."""


@dataclass(frozen=True, slots=True)
class NurseAppState:
    """The parts of the nurses' pages.

    Attributes:
        services: names of the catalogue's services, by code.
        nurses: the nurses' names.
        dispatch: client to the room that takes the acts.
    """

    house: House
    db: Database
    live: LivePages
    people: People
    services: PeerNames[str]
    nurses: PeerNames[NurseId]
    dispatch: httpx.AsyncClient


def current(request: Request) -> NurseAppState:
    """Return the room that serves this request."""
    state: NurseAppState = request.app.state.rooms["nurse_app"]
    return state


type App = Annotated[NurseAppState, Depends(current)]


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link opened.

    Attributes:
        token: the link's own, for the page's further requests.
    """

    token: str
    day: NurseDay
    area: Area


def open_link(token: str, app: App) -> Opened:
    """Return whose day a link opens.

    Raises:
        Problem: 401, forged, cut or over; 404, its area is no longer there.
    """
    day = app.house.tokens.read_nurse(token)
    area = app.house.areas().get(day.area_id)
    if area is None:
        detail = "The area of this link is no longer served here. Ask the dispatcher for a new link."
        raise Problem(404, "not-found", "Not found", detail)
    if area.local_date(app.house.clock() - AFTER_MIDNIGHT) > day.date:
        detail = f"This link was for {day.date:%A, %B} {day.date.day}. Ask the dispatcher for today's."
        raise Problem(401, "unauthorized", "This day is over", detail)
    return Opened(token, day, area)


type Link = Annotated[Opened, Depends(open_link)]
