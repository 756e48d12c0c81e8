"""How the board's pages and fragments are made from templates, and with which headers they go out."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from services.board.domain import words
from shared.events.values import TimeWindow

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

TEMPLATES = Path(__file__).parent / "templates"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # A page may show opened names: no cache between here and the screen keeps it.
    "Cache-Control": "no-store",
}


@pass_context
def clock(context: Context, instant: dt.datetime) -> str:
    """Return an instant as the area's wall clock, ``14:05``."""
    zone: ZoneInfo = context["zone"]
    return instant.astimezone(zone).strftime("%H:%M")


@pass_context
def wishes(context: Context, windows: Sequence[TimeWindow]) -> str:
    """Return windows as wall clock times, ``09:00–11:30, 14:00–16:00``."""
    return ", ".join(f"{clock(context, window.start)}–{clock(context, window.end)}" for window in windows)


@pass_context
def named(context: Context, codes: Sequence[str]) -> str:
    """Return services by their names, ``Blood draw, B12 shot``; one the catalogue does not tell, by its code."""
    services: Mapping[str, str] = context["services"]
    return ", ".join(services.get(code, code) for code in codes)


def minutes(duration: dt.timedelta) -> str:
    """Return a duration as ``35 min`` or ``2 h 05``."""
    whole = round(duration.total_seconds() / 60)
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60:02}"  # noqa: PLR2004 - minutes in an hour


def miles(metres: int) -> str:
    """Return a distance as ``3.4 mi``."""
    return f"{metres / 1609.344:.1f} mi"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "wishes": wishes,
        "named": named,
        "minutes": minutes,
        "miles": miles,
        "status": words.status,
    }
    environment.globals |= {
        "review_reason": words.review_reason,
        "miss_reason": words.miss_reason,
        "match": words.match,
    }
    return environment


_TEMPLATES = _environment()


def render(template: str, context: Mapping[str, Any]) -> str:
    """Return a template filled in."""
    return _TEMPLATES.get_template(template).render(context)


def page(template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401 - whatever it shows
    """Return a page or fragment with the headers that every one of them carries."""
    return HTMLResponse(render(template, context), status, headers=HEADERS)
