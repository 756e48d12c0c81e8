"""The page and what opens on it: names and addresses only at the moment a person looks."""

from pathlib import Path

import pytest

from shared.clock import new_id
from shared.events.ids import VisitId
from shared.events.registry import Event
from tests.web.house import Floor
from tests.web.story import EIGHT, HOUR

NAME = "Quentyn"
STREET = "77 Canary Row"


def one_route(floor: Floor) -> tuple[Event, list[Event]]:
    story = floor.story
    shift = story.shift("N07", "Nora Bell")
    visit = story.requested(NAME, STREET, notes="Mind the step", services=["b12-im-1000", "b12-level"])
    place = story.placed(visit)
    return shift, [shift, visit, place, *story.dispatched(shift, place), story.committed()]


async def test_the_door_leads_to_the_first_day_with_a_shift(floor: Floor) -> None:
    await floor.say(floor.story.shift())
    floor.house.clock.now = EIGHT - 72 * HOUR  # type: ignore[attr-defined]
    reply = await floor.client.get("/")
    assert (reply.status_code, reply.headers["location"]) == (303, floor.base)


async def test_the_door_leads_to_the_day_that_was_chosen(floor: Floor) -> None:
    reply = await floor.client.get("/", params={"area_id": "maple", "date": "2030-06-01"})
    assert reply.headers["location"] == "/board/maple/2030-06-01"


async def test_without_an_area_the_door_says_how_to_build_one(floor: Floor) -> None:
    (floor.house.data / "areas" / "maple" / "area.json").unlink()
    reply = await floor.client.get("/")
    assert "rounds area build" in reply.text


async def test_an_empty_day_says_what_it_waits_for(floor: Floor) -> None:
    reply = await floor.client.get(floor.base)
    assert reply.status_code == 200
    assert "No plan for this day yet." in reply.text
    assert "rounds bookings import FILE" in reply.text


async def test_an_unknown_area_is_a_problem_that_names_it(floor: Floor) -> None:
    reply = await floor.client.get("/board/atlantis/2030-05-06")
    assert reply.status_code == 404
    assert "atlantis" in reply.json()["detail"]


async def test_the_page_names_nurses_times_and_services_but_no_patient(floor: Floor) -> None:
    _, events = one_route(floor)
    await floor.say(*events)
    page = (await floor.client.get(floor.base)).text
    assert "Nora Bell" in page
    assert "08:20–09:00 · 20 min driving" in page
    assert NAME not in page
    assert STREET not in page
    assert floor.neighbours.opened == []


async def test_looking_at_a_route_opens_its_patients_and_asks_for_their_keys_only(floor: Floor) -> None:
    shift, events = one_route(floor)
    stranger = floor.story.requested("Zebedee", "1 Elsewhere")
    await floor.say(stranger, *events)
    sheet = (await floor.client.get(f"{floor.base}/route/{shift.key()}")).text
    assert NAME in sheet
    assert STREET in sheet
    assert "Mind the step" in sheet
    assert "B12 shot 1000 mcg, B12 level" in sheet
    assert stranger.patient_id not in floor.neighbours.opened
    assert len(floor.neighbours.opened) == 1


async def test_an_erased_patient_stays_on_the_route_without_a_name(floor: Floor) -> None:
    shift, events = one_route(floor)
    await floor.say(*events)
    floor.story.keys.clear()
    sheet = (await floor.client.get(f"{floor.base}/route/{shift.key()}")).text
    assert "(erased)" in sheet
    assert NAME not in sheet


async def test_while_booking_is_away_a_route_shows_all_but_the_texts(floor: Floor) -> None:
    shift, events = one_route(floor)
    await floor.say(*events)
    floor.neighbours.away = True
    sheet = (await floor.client.get(f"{floor.base}/route/{shift.key()}")).text
    assert "(opens again when booking answers)" in sheet
    assert "08:30" in sheet


async def test_a_route_that_is_gone_is_answered_with_a_sentence(floor: Floor) -> None:
    reply = await floor.client.get(f"{floor.base}/route/{new_id()}")
    assert reply.status_code == 200
    assert "no longer on the board" in reply.text


async def test_an_unassigned_visit_shows_who_where_and_why(floor: Floor) -> None:
    visit = floor.story.requested(NAME, STREET)
    await floor.say(visit, floor.story.placed(visit), floor.story.committed(1, (visit, "Every nurse is busy then.")))
    page = (await floor.client.get(floor.base)).text
    assert "Every nurse is busy then." in page
    sheet = (await floor.client.get(f"{floor.base}/unassigned/{visit.visit_id}")).text
    for text in (NAME, STREET, "Every nurse is busy then.", "08:00–12:00", "B12 shot 1000 mcg"):
        assert text in sheet


async def test_an_address_to_review_shows_its_candidates(floor: Floor) -> None:
    visit = floor.story.requested(NAME, STREET)
    await floor.say(visit, floor.story.unplaced(visit, ("77 Canary Rd", 40.1, -82.5), ("77 Canary Ct", 40.2, -82.4)))
    sheet = (await floor.client.get(f"{floor.base}/review/{visit.visit_id}")).text
    for text in (STREET, "77 Canary Rd", "77 Canary Ct", "62 % match", 'data-candidates="-82.5,40.1;-82.4,40.2;"'):
        assert text in sheet


async def test_an_address_placed_meanwhile_is_no_longer_to_review(floor: Floor) -> None:
    visit = floor.story.requested()
    await floor.say(visit, floor.story.unplaced(visit), floor.story.placed(visit))
    sheet = (await floor.client.get(f"{floor.base}/review/{visit.visit_id}")).text
    assert "no longer to review" in sheet


async def test_a_visit_of_another_area_is_not_shown(floor: Floor) -> None:
    sheet = await floor.client.get(f"{floor.base}/review/{VisitId(new_id())}")
    assert "no longer to review" in sheet.text


async def test_each_nurses_link_opens_her_own_page(floor: Floor) -> None:
    shift = floor.story.shift()
    await floor.say(shift)
    assert floor.link(shift) in (await floor.client.get(floor.base)).text


@pytest.mark.parametrize("path", ["", "/route/{shift}"])
async def test_pages_forbid_foreign_scripts_and_caches(floor: Floor, path: str) -> None:
    shift, events = one_route(floor)
    await floor.say(*events)
    headers = (await floor.client.get(floor.base + path.format(shift=shift.key()))).headers
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"


async def test_no_opened_text_stays_in_what_the_rooms_write(floor: Floor, tmp_path: Path) -> None:
    shift, events = one_route(floor)
    await floor.say(*events)
    await floor.client.get(f"{floor.base}/route/{shift.key()}")
    await floor.client.get(floor.link(shift))  # type: ignore[arg-type]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"b12-im-1000" in written
    assert NAME.encode() not in written
    assert STREET.encode() not in written
