"""What a dispatcher does. Each is a command to the room that owns the matter; its answer is shown in words."""

from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response

from services.board.deps import AreaDay, Board, Day, same_origin
from services.board.pages import page
from shared.bus.dead_letters import list_dead_letters, replay
from shared.events.ids import VisitId

router = APIRouter(
    prefix="/board/{area_id}/{date}",
    tags=["board"],
    include_in_schema=False,
    default_response_class=HTMLResponse,
    dependencies=[Depends(same_origin)],
)

NO_ANSWER = "The room that does this does not answer just now. Nothing was changed; try again in a moment."
PLACED = ("Placed", "The visit has a place now. It joins the next plan, within seconds as a rule.")
REPLANNING = ("Planning again", "A new plan is on its way. The board shows it as soon as it is dispatched.")


@router.post("/review/{visit_id}/pick", summary="Take one of the candidates")
async def pick(
    day: Day,
    visit_id: VisitId,
    candidate: Annotated[int, Form(ge=0)],
    address_version: Annotated[int, Form()],
    board: Board,
) -> Response:
    """Tell geocoding which candidate the address means."""
    body = {"candidate": candidate, "address_version": address_version}
    return await _command(day, board.geocoding, f"/v1/places/{visit_id}/pick", body, PLACED)


@router.post("/review/{visit_id}/pin", summary="Pin the place on the map")
async def pin(
    day: Day,
    visit_id: VisitId,
    lat: Annotated[float, Form(ge=-90, le=90)],
    lon: Annotated[float, Form(ge=-180, le=180)],
    address_version: Annotated[int, Form()],
    board: Board,
) -> Response:
    """Tell geocoding where the address lies."""
    body = {"lat": lat, "lon": lon, "address_version": address_version}
    return await _command(day, board.geocoding, f"/v1/places/{visit_id}/pin", body, PLACED)


@router.post("/replan", summary="Plan this day again")
async def replan(day: Day, board: Board) -> Response:
    """Ask routing for a new plan."""
    return await _command(day, board.routing, f"/v1/plans/{day.area.id}/{day.date}/replan", None, REPLANNING)


@router.post("/dead-letters/replay", summary="Hand a dead letter to its room again")
async def replay_dead_letter(day: Day, place: Annotated[str, Form()], board: Board) -> Response:
    """Send the record again; a room that had handled it knows it by its id."""
    letter = next((letter for letter in await list_dead_letters(board.house.bus) if str(letter.place) == place), None)
    if letter is None:
        return _said(day, "Already settled", "This record is no longer among the dead letters.", good=True)
    await replay(board.house.bus, letter)
    return _said(day, "Sent again", "If it fails once more, it comes back to this list with its reason.", good=True)


async def _command(
    day: AreaDay, room: httpx.AsyncClient, path: str, body: dict[str, Any] | None, success: tuple[str, str]
) -> Response:
    try:
        reply = await room.post(path, json=body)
    except httpx.HTTPError:
        return _said(day, "Not done", NO_ANSWER, good=False)
    if reply.is_success:
        return _said(day, *success, good=True)
    return _said(day, "Not done", _refusal(reply), good=False)


def _refusal(reply: httpx.Response) -> str:
    """Return the sentence of a problem document."""
    try:
        return str(reply.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return NO_ANSWER


def _said(day: AreaDay, title: str, sentence: str, *, good: bool) -> Response:
    return page("drawer/said.html", base=day.base, title=title, sentence=sentence, good=good)
