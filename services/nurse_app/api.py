"""A nurse's page, its stream, and what she does on it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.staticfiles import StaticFiles

from services.nurse_app.deps import App, Link, NurseAppState, Opened, open_link
from services.nurse_app.domain.standing import Act
from services.nurse_app.pages import page
from services.nurse_app.store import queries
from shared.bus.waiting import wait_any
from shared.errors import Problem
from shared.events.dispatch import MissReason
from shared.events.ids import EventId, VisitId

BEAT_SECONDS = 10.0
ECHO_SECONDS = 3.0
"""How long an act's answer waits for the news of it to come round; it takes some hundredths of a second."""

router = APIRouter(prefix="/n/{token}", tags=["nurse_app"], include_in_schema=False)
files = APIRouter(tags=["nurse_app"], include_in_schema=False)

_own = StaticFiles(directory=Path(__file__).parent / "static")


@router.get("", response_class=HTMLResponse)
async def show_page(token: str, app: App) -> Response:
    """Show a nurse her round of the day."""
    try:
        link = open_link(token, app)
    except Problem as problem:
        return page("message.html", status=problem.status, title=problem.title, sentence=problem.detail)
    return page("page.html", **await _round(app, link))


@router.get("/round", response_class=HTMLResponse)
async def show_round(link: Link, app: App) -> Response:
    """Show the round alone; the page asks for it when something has changed."""
    return page("round.html", **await _round(app, link))


@router.get("/stream", response_class=EventSourceResponse)
async def stream_changes(link: Link, app: App) -> AsyncIterator[ServerSentEvent]:
    """Say when something of hers has changed. The change itself is asked for: no name travels unasked."""
    with app.live.watching(link.day.nurse_id) as moved:
        while not app.house.stopping.is_set():
            moved.clear()
            revision = str(app.live.revision(link.day.nurse_id))
            yield ServerSentEvent(event="changed", raw_data=revision, id=revision)
            while not await wait_any(BEAT_SECONDS, moved, app.house.stopping):
                yield ServerSentEvent(event="beat", raw_data=revision)


class ActBody(BaseModel):
    """What a nurse did.

    Attributes:
        act_id: made on the phone; the same id is the same act, however often it is sent.
        at: when, by the phone's clock.
        reason: why a visit could not be done.
    """

    model_config = ConfigDict(extra="forbid")

    act_id: EventId
    visit_id: VisitId
    act: Act
    at: AwareDatetime | None = None
    reason: MissReason | None = None


@router.post("/acts", response_class=HTMLResponse)
async def act(body: ActBody, link: Link, app: App) -> Response:
    """Hand an act to dispatch, and show the round as it is after it.

    Raises:
        Problem: what dispatch refuses, in its words; 404 for a visit that is not on her round.
    """
    async with app.db.reading() as session:
        mine = await queries.load_round(session, link.day)
    if all(stop.stop.visit_id != body.visit_id for stop in mine.visits):
        detail = "This visit is no longer on your route. Look at the route again."
        raise Problem(404, "not-yours", "Not on your route", detail)
    with app.live.watching(link.day.nurse_id) as moved:
        await _tell_dispatch(app, link, body)
        await _await_echo(app, link, body, moved)
    return page("round.html", **await _round(app, link))


@files.get("/static/nurse/{path:path}")
async def own_file(path: str, request: Request) -> Response:
    """Send a file of the page; the browser asks each time whether it changed."""
    response = await _own.get_response(path, request.scope)
    response.headers["Cache-Control"] = "no-cache"
    return response


async def _tell_dispatch(app: NurseAppState, link: Opened, body: ActBody) -> None:
    command = body.model_dump(mode="json", exclude={"visit_id"}) | {"nurse_id": str(link.day.nurse_id)}
    try:
        reply = await app.dispatch.post(f"/v1/visits/{body.visit_id}/acts", json=command)
    except httpx.HTTPError as error:
        raise _no_answer() from error
    if reply.is_success:
        return
    try:
        problem = reply.json()
        raise Problem(reply.status_code, "refused", problem["title"], problem["detail"])
    except (ValueError, KeyError) as error:
        raise _no_answer() from error


def _no_answer() -> Problem:
    detail = "Dispatch does not answer just now. Your tap is not lost: try again in a moment."
    return Problem(503, "no-answer", "Not sent yet", detail, headers={"Retry-After": "2"})


async def _await_echo(app: NurseAppState, link: Opened, body: ActBody, moved: asyncio.Event) -> None:
    """Wait until the read model has heard of the act, so that the answer shows it; not for ever."""
    deadline = asyncio.get_running_loop().time() + ECHO_SECONDS
    while (left := deadline - asyncio.get_running_loop().time()) > 0:
        moved.clear()
        async with app.db.reading() as session:
            standing = await queries.standing_of(session, link.day.area_id, link.day.date, body.visit_id)
        if standing and standing.shows(body.act):
            return
        await wait_any(left, moved)


async def _round(app: NurseAppState, link: Opened) -> dict[str, Any]:
    async with app.db.reading() as session:
        mine = await queries.load_round(session, link.day)
    visits = [stop.visit for stop in mine.visits if stop.visit]
    return {
        "link": link,
        "zone": link.area.zone,
        "round": mine,
        "people": await app.people.open(visits),
        "services": await app.services.get(),
        "nurse": (await app.nurses.get([link.day.nurse_id])).get(link.day.nurse_id),
    }
