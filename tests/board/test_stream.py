"""The stream sends the whole day first, then only what changed, and ends when the house stops."""

import asyncio
from typing import Any

import orjson
import pytest

from services.board.api import stream
from services.board.deps import AreaDay
from shared.events.dispatch import NurseEnRoute
from tests.web.house import Floor
from tests.web.story import AREA, DATE, Story

PATIENCE = 10


class Listener:
    """Reads a day's stream as the page does."""

    def __init__(self, floor: Floor) -> None:
        self._messages = stream.stream_day(AreaDay(AREA, DATE), floor.app.state.rooms["board"])

    async def day(self) -> dict[str, Any]:
        """Return the next word for map and timeline."""
        while True:
            async with asyncio.timeout(PATIENCE):
                message = await anext(self._messages)
            if message.event == "day":
                return dict(orjson.loads(message.raw_data or "")) | {"id": message.id}

    async def panels(self) -> str:
        """Return the next HTML."""
        while True:
            async with asyncio.timeout(PATIENCE):
                message = await anext(self._messages)
            if message.event is None:
                return message.raw_data or ""

    async def next_event(self) -> str | None:
        """Return what kind of message comes next."""
        return (await anext(self._messages)).event

    async def close(self) -> None:
        await self._messages.aclose()  # type: ignore[attr-defined]


@pytest.fixture
async def listener(floor: Floor) -> Any:
    listening = Listener(floor)
    yield listening
    await listening.close()


async def two_routes(floor: Floor) -> tuple[Any, Any]:
    story = floor.story
    one, two = story.shift("N01"), story.shift("N02")
    visits = [story.requested(), story.requested()]
    places = [story.placed(visit) for visit in visits]
    await floor.say(one, two, *visits, *places, *story.dispatched(one, places[0]), *story.dispatched(two, places[1]))
    return (one, visits[0]), (two, visits[1])


async def test_the_first_word_is_the_whole_day(floor: Floor, listener: Listener) -> None:
    (one, _), (two, _) = await two_routes(floor)
    first = await listener.day()
    assert first["whole"] is True
    assert set(first["parts"]) == {f"route:{one.shift_id}", f"route:{two.shift_id}"}


async def test_then_only_the_route_that_changed_is_sent(floor: Floor, listener: Listener) -> None:
    (one, visit), _ = await two_routes(floor)
    first = await listener.day()
    await floor.say(floor.story.act(NurseEnRoute, one, visit.visit_id))
    then = await listener.day()
    assert then["whole"] is False
    assert list(then["parts"]) == [f"route:{one.shift_id}"]
    assert then["parts"][f"route:{one.shift_id}"]["stops"][0]["status"] == "en_route"
    assert int(then["id"]) > int(first["id"])


async def test_a_route_that_is_gone_is_sent_as_null(floor: Floor, listener: Listener) -> None:
    story = floor.story
    shift = story.shift()
    await floor.say(shift)
    await listener.day()
    await floor.say(story.closed(shift))
    assert (await listener.day())["parts"] == {f"route:{shift.shift_id}": None}


async def test_panels_come_as_html_for_the_elements_they_fill(floor: Floor, listener: Listener) -> None:
    await two_routes(floor)
    html = await listener.panels()
    assert '<hx-partial hx-target="#panel-routes" hx-swap="innerMorph">' in html
    assert "<b>2</b> bookings" in html


async def test_a_burst_is_sent_as_few_messages(floor: Floor, listener: Listener) -> None:
    await listener.day()
    visits = [floor.story.requested() for _ in range(60)]
    await floor.say(*(event for visit in visits for event in (visit, floor.story.unplaced(visit))))
    seen: set[str] = set()
    messages = 0
    while len(seen) < 60:
        seen |= set((await listener.day())["parts"])
        messages += 1
    assert messages < 20


async def test_another_areas_news_wakes_nobody(floor: Floor) -> None:
    oak = Story(area=AREA.model_copy(update={"id": "oak"}))
    live = floor.app.state.rooms["board"].live
    with live.watching(AREA.id) as here, live.watching(oak.area.id) as there:
        await floor.say(floor.story.requested())
        await asyncio.wait_for(here.wait(), PATIENCE)
        here.clear()
        await floor.say(oak.requested())
        await asyncio.wait_for(there.wait(), PATIENCE)
        assert not here.is_set()


async def test_silence_is_broken_by_beats(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BEAT_SECONDS", 0.01)
    await listener.day()
    assert await listener.next_event() == "beat"


async def test_the_stream_ends_when_the_house_stops(floor: Floor, listener: Listener) -> None:
    await listener.day()
    floor.house.stopping.set()
    with pytest.raises(StopAsyncIteration):
        await listener.next_event()


async def test_the_stream_is_an_event_stream_on_the_wire(floor: Floor) -> None:
    floor.house.stopping.set()
    reply = await floor.client.get(f"{floor.base}/stream")
    assert reply.headers["content-type"].startswith("text/event-stream")


async def test_no_patients_text_travels_on_the_stream(floor: Floor, listener: Listener) -> None:
    story = floor.story
    shift, visit = story.shift(), story.requested("Quentyn", "77 Canary Row")
    place = story.placed(visit)
    await floor.say(shift, visit, place, *story.dispatched(shift, place))
    html, day = await listener.panels(), await listener.day()
    assert str(shift.shift_id) in html
    for text in ("Quentyn", "Canary", visit.patient_name.ciphertext):
        assert text not in html
        assert text not in orjson.dumps(day).decode()
