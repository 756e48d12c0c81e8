"""The board's own scripts and style sheets."""

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.staticfiles import StaticFiles

router = APIRouter(tags=["board"], include_in_schema=False)

_own = StaticFiles(directory=Path(__file__).parent.parent / "static")


@router.get("/static/board/{path:path}", summary="The board's own scripts and style sheets")
async def own_file(path: str, request: Request) -> Response:
    """Send a file of the board; the browser asks each time whether it changed."""
    response = await _own.get_response(path, request.scope)
    response.headers["Cache-Control"] = "no-cache"
    return response
