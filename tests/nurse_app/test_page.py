"""The page behind a nurse's link: her round, her acts, and a sentence for whoever should not see it."""

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest

from services.nurse_app import api
from services.nurse_app.deps import open_link
from shared.clock import new_id
from shared.errors import Problem
from shared.events.booking import VisitRequested
from shared.events.dispatch import NurseEnRoute, ShiftOpened
from shared.security.tokens import NurseDay, Tokens
from tests.web.house import Floor, HandClock
from tests.web.story import AREA, DATE, EIGHT, HOUR

if TYPE_CHECKING:
    from fastapi.sse import ServerSentEvent


async def one_visit(floor: Floor) -> tuple[ShiftOpened, VisitRequested]:
    story = floor.story
    shift = story.shift("N07", "Nora Bell")
    visit = story.requested("Quentyn", "77 Canary Row", notes="Mind the step", services=["b12-im-1000", "b12-level"])
    place = story.placed(visit, 40.123, -82.456)
    await floor.say(shift, visit, place, *story.dispatched(shift, place))
    return shift, visit


def clock_of(floor: Floor) -> HandClock:
    assert isinstance(floor.house.clock, HandClock)
    return floor.house.clock


async def test_the_page_shows_when_who_what_where_and_the_way(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    reply = await floor.client.get(floor.link(shift))
    assert reply.status_code == 200
    for text in (
        "Nora Bell",
        "Monday, May 6",
        "8:30 AM",
        "Quentyn",
        "B12 shot 1000 mcg, B12 level",
        "77 Canary Row",
        "Mind the step",
        "destination=40.123000,-82.456000",
        "geo:40.123000,-82.456000",
        ">Accept<",
    ):
        assert text in reply.text


async def test_a_nurse_sees_only_her_own_stops(floor: Floor) -> None:
    await one_visit(floor)
    other = floor.story.shift("N08", "Ida Moss")
    visit = floor.story.requested("Zebedee", "1 Elsewhere")
    place = floor.story.placed(visit)
    await floor.say(other, visit, place, *floor.story.dispatched(other, place))
    page = (await floor.client.get(floor.link(other))).text
    assert "Zebedee" in page
    assert "Quentyn" not in page
    assert floor.neighbours.opened == [visit.patient_id]


async def test_a_nurse_without_a_route_is_told_that_it_will_show(floor: Floor) -> None:
    shift = floor.story.shift()
    assert "No visits for you yet" in (await floor.client.get(floor.link(shift))).text


async def test_while_booking_is_away_the_page_still_leads_to_the_door(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    floor.neighbours.away = True
    page = (await floor.client.get(floor.link(shift))).text
    assert "The address cannot be shown just now" in page
    assert "destination=40.123000,-82.456000" in page


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
async def test_a_forged_link_is_answered_with_a_page_and_a_sentence(floor: Floor, token: str) -> None:
    reply = await floor.client.get(f"/n/{token}")
    assert reply.status_code == 401
    assert reply.headers["content-type"].startswith("text/html")
    assert "not one that Rounds signed" in reply.text


async def test_a_link_of_another_house_does_not_open(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    foreign = Tokens(b"1" * 32, floor.house.clock).for_nurse(NurseDay(shift.nurse_id, AREA.id, DATE))
    reply = await floor.client.get(f"/n/{foreign}")
    assert reply.status_code == 401
    assert "Quentyn" not in reply.text


async def test_yesterdays_link_says_which_day_it_was_for(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    clock_of(floor).now = EIGHT + 24 * HOUR
    reply = await floor.client.get(floor.link(shift))
    assert reply.status_code == 401
    assert "This link was for Monday, May 6." in reply.text
    assert "Quentyn" not in reply.text


async def test_a_link_holds_until_a_night_shift_is_home(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    clock_of(floor).now = EIGHT + 20 * HOUR  # four in the morning
    assert (await floor.client.get(floor.link(shift))).status_code == 200


async def test_tomorrows_link_opens_the_evening_before(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    clock_of(floor).now = EIGHT - 12 * HOUR
    assert (await floor.client.get(floor.link(shift))).status_code == 200


async def test_an_expired_link_says_so(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    clock_of(floor).now = EIGHT + dt.timedelta(days=5)
    reply = await floor.client.get(floor.link(shift))
    assert reply.status_code == 401
    assert "This link has expired." in reply.text


@pytest.mark.parametrize("path", ["/round", "/stream", "/acts"])
async def test_nothing_behind_a_forged_link_answers(floor: Floor, path: str) -> None:
    ask = floor.client.post if path == "/acts" else floor.client.get
    assert (await ask(f"/n/forged{path}")).status_code == 401


async def test_the_page_keeps_its_link_to_itself(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    headers = (await floor.client.get(floor.link(shift))).headers
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "unsafe" not in headers["content-security-policy"]


async def test_an_act_goes_to_dispatch_in_her_name_and_the_answer_shows_it(floor: Floor) -> None:
    shift, visit = await one_visit(floor)
    act = {"act_id": str(new_id()), "visit_id": str(visit.visit_id), "act": "accept"}
    reply = await floor.client.post(f"{floor.link(shift)}/acts", json=act)
    assert reply.status_code == 200
    assert 'data-act="en_route"' in reply.text
    ((path, body),) = floor.neighbours.asked
    assert path == f"visits/{visit.visit_id}/acts"
    assert body == {
        "act_id": act["act_id"],
        "act": "accept",
        "nurse_id": str(shift.nurse_id),
        "at": None,
        "reason": None,
    }


async def test_a_visit_she_could_not_do_carries_its_reason(floor: Floor) -> None:
    shift, visit = await one_visit(floor)
    act = {"act_id": str(new_id()), "visit_id": str(visit.visit_id), "act": "missed", "reason": "no_access"}
    reply = await floor.client.post(f"{floor.link(shift)}/acts", json=act)
    assert floor.neighbours.asked[0][1]["reason"] == "no_access"
    assert "No way in" in reply.text


async def test_a_refusal_comes_back_in_dispatchs_words(floor: Floor) -> None:
    shift, visit = await one_visit(floor)
    floor.neighbours.refusal = Problem(409, "another-under-way", "Under way", "You are at another visit. End it first.")
    act = {"act_id": str(new_id()), "visit_id": str(visit.visit_id), "act": "en_route"}
    reply = await floor.client.post(f"{floor.link(shift)}/acts", json=act)
    assert reply.status_code == 409
    assert reply.json()["detail"] == "You are at another visit. End it first."


async def test_an_act_on_a_visit_that_is_not_hers_never_reaches_dispatch(floor: Floor) -> None:
    shift, _ = await one_visit(floor)
    act = {"act_id": str(new_id()), "visit_id": str(new_id()), "act": "done"}
    reply = await floor.client.post(f"{floor.link(shift)}/acts", json=act)
    assert reply.status_code == 404
    assert "no longer on your route" in reply.json()["detail"]
    assert floor.neighbours.asked == []


async def test_while_dispatch_is_away_a_tap_may_be_tried_again(floor: Floor) -> None:
    shift, visit = await one_visit(floor)
    floor.neighbours.away = True
    act = {"act_id": str(new_id()), "visit_id": str(visit.visit_id), "act": "accept"}
    reply = await floor.client.post(f"{floor.link(shift)}/acts", json=act)
    assert reply.status_code == 503
    assert "not lost" in reply.json()["detail"]


async def test_an_act_dispatch_knew_already_answers_without_waiting_for_news(floor: Floor) -> None:
    shift, visit = await one_visit(floor)
    await floor.say(floor.story.act(NurseEnRoute, shift, visit.visit_id))
    act = {"act_id": str(new_id()), "visit_id": str(visit.visit_id), "act": "accept"}
    floor.neighbours.silent = True
    async with asyncio.timeout(api.ECHO_SECONDS):
        reply = await floor.client.post(f"{floor.link(shift)}/acts", json=act)
    assert 'data-act="arrived"' in reply.text


async def test_the_stream_says_that_something_changed_and_nothing_of_it(floor: Floor) -> None:
    shift, visit = await one_visit(floor)
    app = floor.app.state.rooms["nurse_app"]
    messages = api.stream_changes(open_link(floor.link(shift).removeprefix("/n/"), app), app)
    async with asyncio.timeout(10):
        first: ServerSentEvent = await anext(messages)
        await floor.say(floor.story.act(NurseEnRoute, shift, visit.visit_id))
        then: ServerSentEvent = await anext(messages)
        floor.house.stopping.set()
        with pytest.raises(StopAsyncIteration):
            await anext(messages)
    assert (first.event, then.event) == ("changed", "changed")
    assert int(then.raw_data or "") > int(first.raw_data or "")
