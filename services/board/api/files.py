"""The files the pages load: the board's own, the front-end packages, and each area's map."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from services.board.deps import Board
from services.board.style import GROUND, style
from shared.areas import area_dir
from shared.errors import Problem, not_found
from shared.events.ids import AreaId

ROOM = Path(__file__).parent.parent
PACKAGES = {"htmx.org", "maplibre-gl", "pmtiles"}
BASEMAP = "basemap.pmtiles"

router = APIRouter(tags=["board"], include_in_schema=False)

_own = StaticFiles(directory=ROOM / "static")
_vendor = StaticFiles(directory=ROOM / "node_modules", check_dir=False)


@router.get("/static/board/{path:path}", summary="The board's own scripts and style sheets")
async def own_file(path: str, request: Request) -> Response:
    """Send a file of the board; the browser asks each time whether it changed."""
    return _revalidated(await _own.get_response(path, request.scope))


@router.get("/vendor/{package}/{path:path}", summary="A front-end package's file")
async def vendor_file(package: str, path: str, request: Request) -> Response:
    """Send a file of an installed package; only of those that package.json names."""
    if package not in PACKAGES:
        raise not_found("front-end package", package)
    if not (ROOM / "node_modules" / package).is_dir():
        detail = f"The front-end package {package} is not installed. Run `make setup`, then load the page again."
        raise Problem(503, "not-installed", "Not installed", detail)
    return _revalidated(await _vendor.get_response(f"{package}/{path}", request.scope))


@router.get("/areas/{area_id}/basemap.pmtiles", summary="An area's map tiles")
async def basemap(area_id: str, board: Board) -> Response:
    """Send the map, or the ranges of it that are asked for."""
    file = _basemap(area_id, board)
    if not file.is_file():
        raise not_found("map of area", area_id)
    return FileResponse(file, media_type="application/vnd.pmtiles")


@router.get("/areas/{area_id}/style.json", summary="How an area's map looks")
async def map_style(area_id: str, board: Board) -> dict[str, Any]:
    """Return a MapLibre style; plain ground for an area whose map was not built."""
    if _basemap(area_id, board).is_file():
        return style(f"/areas/{area_id}/{BASEMAP}")
    ground = {"id": "ground", "type": "background", "paint": {"background-color": GROUND}}
    return {"version": 8, "sources": {}, "layers": [ground]}


def _basemap(area_id: str, board: Board) -> Path:
    areas = board.house.areas()
    if area_id not in areas:
        raise not_found("area", area_id)
    return area_dir(board.house.data, AreaId(area_id)) / BASEMAP


def _revalidated(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    return response
