"""The door: which day the board opens on."""

import datetime as dt

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.board.deps import AreaDay, Board
from services.board.pages import page
from services.board.store import queries
from shared.events.ids import AreaId

router = APIRouter(tags=["board"], include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/", summary="Open the board on an area and date")
async def open_board(board: Board, area_id: str | None = None, date: dt.date | None = None) -> Response:
    """Lead to a day: the one asked for, else the first from today on that has a shift."""
    areas = board.house.areas()
    if not areas:
        return page("no_area.html")
    area = areas.get(AreaId(area_id or ""), next(iter(areas.values())))
    if date is None:
        async with board.db.reading() as session:
            date = await queries.next_busy_date(session, area.id, area.local_date(board.house.clock()))
    return RedirectResponse(AreaDay(area, date).base, 303)
