"""How the nurses' pages are made from templates, and with which headers they go out."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from services.nurse_app.domain.standing import Act, Status
from shared.events.dispatch import MissReason

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

TEMPLATES = Path(__file__).parent / "templates"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # The link is the key: it must not reach a map app as a referrer, nor stay in a cache.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

ACTS = {
    Act.ACCEPT: "Accept",
    Act.EN_ROUTE: "En route",
    Act.ARRIVED: "Arrived",
    Act.DONE: "Done",
    Act.MISSED: "Could not do",
}
STATUS = {
    Status.PLANNED: "New",
    Status.ACCEPTED: "Accepted",
    Status.EN_ROUTE: "On the way",
    Status.ARRIVED: "At the door",
    Status.DONE: "Done",
    Status.MISSED: "Could not do",
    Status.WITHDRAWN: "Taken back",
}
REASONS = {
    MissReason.NOT_HOME: "Nobody home",
    MissReason.REFUSED: "Patient refused",
    MissReason.NOT_READY: "Patient not ready",
    MissReason.UNSAFE: "Not safe",
    MissReason.NO_ACCESS: "No way in",
    MissReason.OTHER: "Other reason",
}


@pass_context
def clock(context: Context, instant: dt.datetime) -> str:
    """Return an instant as the area's wall clock, ``9:05 AM``."""
    zone: ZoneInfo = context["zone"]
    return instant.astimezone(zone).strftime("%I:%M %p").removeprefix("0")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = clock
    environment.globals |= {"acts": ACTS, "statuses": STATUS, "reasons": REASONS}
    return environment


_TEMPLATES = _environment()


def page(template: str, *, status: int = 200, **context: Any) -> HTMLResponse:  # noqa: ANN401 - whatever it shows
    """Return a page or fragment with the headers that every one of them carries."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(context), status, headers=HEADERS)
