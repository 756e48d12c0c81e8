"""The stream that keeps an open page true: HTML for its panels, JSON for map and timeline, only what changed."""

from collections.abc import AsyncIterator

import orjson
from fastapi import APIRouter
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.board.deps import Board, Day
from services.board.domain.parts import Parts, changes
from services.board.moments import Moment, Panels
from shared.bus.waiting import wait_any

BEAT_SECONDS = 10.0
"""Silence on the wire tells a page nothing; a beat tells it that the connection lives."""

router = APIRouter(prefix="/board/{area_id}/{date}", tags=["board"], include_in_schema=False)


@router.get("/stream", response_class=EventSourceResponse, summary="The day, live")
async def stream_day(day: Day, board: Board) -> AsyncIterator[ServerSentEvent]:
    """Send the whole day, then its changes, until the page goes or the house stops.

    A page that comes back gets the whole day again: what it missed is not known, what is true is.
    """
    sent_parts: Parts | None = None
    sent_panels: Panels = {}
    with board.live.watching(day.area.id) as moved:
        while not board.house.stopping.is_set():
            moved.clear()
            moment = await board.moments.now(day.area, day.date)
            for message in _messages(moment, sent_parts, sent_panels):
                yield message
            sent_parts, sent_panels = moment.parts, moment.panels
            while not await wait_any(BEAT_SECONDS, moved, board.house.stopping):
                yield ServerSentEvent(event="beat", raw_data=str(moment.view.revision))


def _messages(moment: Moment, sent_parts: Parts | None, sent_panels: Panels) -> list[ServerSentEvent]:
    revision = str(moment.view.revision)
    messages = []
    html = "".join(
        f'<hx-partial hx-target="#{name}" hx-swap="innerMorph">{panel}</hx-partial>'
        for name, panel in moment.panels.items()
        if sent_panels.get(name) != panel
    )
    if html:
        messages.append(ServerSentEvent(raw_data=html, id=revision))
    changed = changes(sent_parts or {}, moment.parts)
    if changed or sent_parts is None:
        body = {"whole": sent_parts is None, "parts": changed}
        messages.append(ServerSentEvent(event="day", raw_data=orjson.dumps(body).decode(), id=revision))
    return messages
