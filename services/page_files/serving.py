"""The packages that package.json names, and each area's map with its style."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from services.page_files.style import GROUND, style
from shared.areas import area_dir
from shared.errors import Problem, not_found
from shared.events.ids import AreaId

if TYPE_CHECKING:
    from shared.runtime import House

INSTALLED = Path(__file__).parent.parent / "board" / "node_modules"
PACKAGES = {"htmx.org", "maplibre-gl", "pmtiles"}
BASEMAP = "basemap.pmtiles"

router = APIRouter(tags=["board", "nurse_app"], include_in_schema=False)

_vendor = StaticFiles(directory=INSTALLED, check_dir=False)


@router.get("/vendor/{package}/{path:path}", summary="A front-end package's file")
async def vendor_file(package: str, path: str, request: Request) -> Response:
    """Send a file of an installed package, only of those that package.json names; the browser asks if it changed."""
    if package not in PACKAGES:
        raise not_found("front-end package", package)
    if not (INSTALLED / package).is_dir():
        detail = f"The front-end package {package} is not installed. Run `make setup`, then load the page again."
        raise Problem(503, "not-installed", "Not installed", detail)
    response = await _vendor.get_response(f"{package}/{path}", request.scope)
    response.headers["Cache-Control"] = "no-cache"
    return response


@router.get("/areas/{area_id}/basemap.pmtiles", summary="An area's map tiles")
async def basemap(area_id: str, request: Request) -> Response:
    """Send the map, or the ranges of it that are asked for."""
    file = _basemap(area_id, request)
    if not file.is_file():
        raise not_found("map of area", area_id)
    return FileResponse(file, media_type="application/vnd.pmtiles")


@router.get("/areas/{area_id}/style.json", summary="How an area's map looks")
async def map_style(area_id: str, request: Request) -> dict[str, Any]:
    """Return a MapLibre style; plain ground for an area whose map was not built."""
    if _basemap(area_id, request).is_file():
        return style(f"/areas/{area_id}/{BASEMAP}")
    ground = {"id": "ground", "type": "background", "paint": {"background-color": GROUND}}
    return {"version": 8, "sources": {}, "layers": [ground]}


def _basemap(area_id: str, request: Request) -> Path:
    house: House = request.app.state.house
    if area_id not in house.areas():
        raise not_found("area", area_id)
    return area_dir(house.data, AreaId(area_id)) / BASEMAP
