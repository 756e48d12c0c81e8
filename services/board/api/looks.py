"""The page, and what opens when a dispatcher looks closer: there, and only there, names and addresses are open."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from services.board.deps import AreaDay, Board, BoardState, Day
from services.board.pages import page
from services.board.store import queries
from shared.bus.dead_letters import list_dead_letters
from shared.events.booking import VisitRequested
from shared.events.geocoding import PlaceUnresolved
from shared.events.ids import ShiftId, VisitId
from shared.events.values import Sealed

router = APIRouter(
    prefix="/board/{area_id}/{date}", tags=["board"], include_in_schema=False, default_response_class=HTMLResponse
)


@router.get("", summary="The board of one area's day")
async def show_day(day: Day, board: Board) -> Response:
    """Show the whole page; from then on the stream keeps it true."""
    moment = await board.moments.now(day.area, day.date)
    return page(
        "board.html",
        area=day.area,
        areas=board.house.areas().values(),
        date=day.date,
        today=day.area.local_date(board.house.clock()),
        base=day.base,
        panels=moment.panels,
        headline=moment.view.headline,
    )


@router.get("/route/{shift_id}", summary="A route with its patients")
async def look_at_route(day: Day, shift_id: ShiftId, board: Board) -> Response:
    """Show a route's stops with names and addresses."""
    view = (await board.moments.now(day.area, day.date)).view
    route = next((route for route in view.routes if route.shift_id == shift_id), None)
    if route is None:
        return _gone(day, "This route is no longer on the board: the shift was closed or has no stops any more.")
    visit_ids = [stop.visit_id for stop in route.visits if stop.visit_id]
    async with board.db.reading() as session:
        visits = await queries.visits(session, visit_ids)
    wanted = {(visit_id, what): text for visit_id, visit in visits.items() for what, text in _sealed(visit).items()}
    opened = await board.opener.open(wanted)
    return page("drawer/route.html", **await _frame(day, board), route=route, opened=opened)


@router.get("/unassigned/{visit_id}", summary="A visit no route takes")
async def look_at_unassigned(day: Day, visit_id: VisitId, board: Board) -> Response:
    """Show who is left out, where and why."""
    view = (await board.moments.now(day.area, day.date)).view
    waiting = next((each for each in view.unassigned if each.visit_id == visit_id), None)
    visit = await _visit(board, day, visit_id)
    if waiting is None or visit is None:
        return _gone(day, "This visit is no longer unassigned: it has a nurse, was moved, or was cancelled.")
    opened = await board.opener.open(_sealed(visit))
    return page("drawer/unassigned.html", **await _frame(day, board), visit=visit, waiting=waiting, opened=opened)


@router.get("/review/{visit_id}", summary="An address to be placed")
async def look_at_review(day: Day, visit_id: VisitId, board: Board) -> Response:
    """Show an address that was not found with the places it may mean."""
    visit = await _visit(board, day, visit_id)
    async with board.db.reading() as session:
        place = await queries.place(session, visit_id)
    if visit is None or not isinstance(place, PlaceUnresolved) or place.address_version != visit.address_version:
        return _gone(day, "This address is no longer to review: it has a place now, was changed, or was cancelled.")
    labels = {index: ("place_label", candidate.label) for index, candidate in enumerate(place.candidates)}
    opened = await board.opener.open({**_sealed(visit), **labels})
    return page("drawer/review.html", **await _frame(day, board), visit=visit, place=place, opened=opened)


@router.get("/dead-letters", summary="Records no room could handle")
async def look_at_dead_letters(day: Day, board: Board) -> Response:
    """List the dead letters of the whole house."""
    return page(
        "drawer/dead_letters.html", **await _frame(day, board), letters=await list_dead_letters(board.house.bus)
    )


@router.get("/dead-letters/count", summary="How many records no room could handle")
async def count_dead_letters(day: Day, board: Board) -> Response:
    """Show that there are dead letters, or nothing."""
    return page("dead_letter_count.html", count=len(await list_dead_letters(board.house.bus)), base=day.base)


def _sealed(visit: VisitRequested) -> dict[str, tuple[str, Sealed]]:
    texts = {"patient_name": visit.patient_name, "address": visit.address, "notes": visit.notes}
    return {what: (what, text) for what, text in texts.items() if text is not None}


async def _visit(board: BoardState, day: AreaDay, visit_id: VisitId) -> VisitRequested | None:
    async with board.db.reading() as session:
        return await queries.visit(session, day.area.id, visit_id)


async def _frame(day: AreaDay, board: BoardState) -> dict[str, Any]:
    return {"base": day.base, "zone": day.area.zone, "services": await board.services.get()}


def _gone(day: AreaDay, sentence: str) -> Response:
    """Answer for a thing that changed while a person looked; not an error, so that the page shows it in place."""
    return page("drawer/said.html", base=day.base, title="Changed meanwhile", sentence=sentence, good=True)
