"""Every action is a command to the room that owns the matter; its answer comes back in words."""

from typing import Any

import pytest

from shared.bus.dead_letters import list_dead_letters
from shared.bus.port import Message
from shared.errors import Problem
from shared.events.topics import VISITS
from tests.web.house import Floor

ACTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "pick": ({"candidate": 1, "address_version": 1}, {"candidate": 1, "address_version": 1}),
    "pin": (
        {"lat": "40.123456", "lon": "-82.5", "address_version": 1},
        {"lat": 40.123456, "lon": -82.5, "address_version": 1},
    ),
}


@pytest.mark.parametrize("action", ["pick", "pin"])
async def test_a_place_goes_to_geocoding_as_the_dispatcher_gave_it(floor: Floor, action: str) -> None:
    visit = floor.story.requested()
    form, body = ACTIONS[action]
    reply = await floor.client.post(f"{floor.base}/review/{visit.visit_id}/{action}", data=form)
    assert floor.neighbours.asked == [(f"places/{visit.visit_id}/{action}", body)]
    assert "The visit has a place now." in reply.text


async def test_a_new_plan_is_asked_of_routing(floor: Floor) -> None:
    reply = await floor.client.post(f"{floor.base}/replan")
    assert floor.neighbours.asked == [("plans/maple/2030-05-06/replan", {})]
    assert "A new plan is on its way." in reply.text


async def test_a_refusal_is_shown_in_the_rooms_own_words(floor: Floor) -> None:
    floor.neighbours.refusal = Problem(409, "changed-meanwhile", "Changed", "The address was changed; look again.")
    reply = await floor.client.post(f"{floor.base}/replan")
    assert "The address was changed; look again." in reply.text
    assert 'role="alert"' in reply.text


async def test_a_room_that_is_away_is_said_to_be(floor: Floor) -> None:
    floor.neighbours.away = True
    reply = await floor.client.post(f"{floor.base}/replan")
    assert "does not answer just now" in reply.text


async def test_a_command_from_another_sites_page_is_refused(floor: Floor) -> None:
    reply = await floor.client.post(f"{floor.base}/replan", headers={"origin": "https://evil.example"})
    assert reply.status_code == 403
    assert floor.neighbours.asked == []


async def test_a_command_from_the_boards_own_page_is_taken(floor: Floor) -> None:
    reply = await floor.client.post(f"{floor.base}/replan", headers={"origin": "http://house"})
    assert reply.status_code == 200


async def test_a_dead_letter_is_counted_listed_and_sent_again(floor: Floor) -> None:
    visit = floor.story.requested()
    broken = Message(VISITS, visit.key().encode(), b"{", {"ce_type": b"rounds.booking.visit-requested.v1"})
    await floor.house.bus.publish([broken])
    good = floor.story.requested()
    await floor.say(good)
    letters = await _buried(floor)

    assert f"{len(letters)} dead letter" in (await floor.client.get(f"{floor.base}/dead-letters/count")).text
    sheet = (await floor.client.get(f"{floor.base}/dead-letters")).text
    assert "rounds.booking.visit-requested.v1" in sheet
    assert "Header ce_specversion" in sheet

    reply = await floor.client.post(f"{floor.base}/dead-letters/replay", data={"place": letters[0]})
    assert "Sent again" in reply.text
    once_more = await floor.client.post(f"{floor.base}/dead-letters/replay", data={"place": letters[0]})
    assert "Already settled" in once_more.text


async def _buried(floor: Floor) -> list[str]:
    """Wait until both rooms have given the record up."""
    letters: list[str] = []
    async for _ in floor.house.bus.tail([f"{VISITS}.dlt"], from_start=True, follow=True):
        letters = [str(letter.place) for letter in await list_dead_letters(floor.house.bus)]
        if len(letters) == 2:
            break
    return letters
