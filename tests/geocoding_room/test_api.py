"""The doors of the room: finding an address, and settling what the room could not."""

import datetime as dt
from typing import Any

import httpx
import pytest

from services.geocoding.domain.address import Answer, Candidate, Status
from services.geocoding.domain.decide import OUTSIDE
from services.geocoding.store.models import PlaceStatus
from shared.events.geocoding import PlaceResolved, UnresolvedReason
from shared.events.values import MatchKind
from shared.security.seal import seal
from tests.geocoding_room.office import BORDER, EITHER, FOUND, MAPLE, NOW, PATIENT, STRANGER, Office, visit


async def ask(office: Office, **changes: Any) -> httpx.Response:
    return await office.client.post("/v1/geocode", json={"area_id": MAPLE, "address": "12 Main St", **changes})


async def settle(office: Office, number: int, act: str, **body: Any) -> httpx.Response:
    return await office.client.post(f"/v1/places/{visit(number)}/{act}", json={"address_version": 1, **body})


async def in_review(office: Office, number: int = 1, line: str = "12 Main", **changes: Any) -> None:
    office.geocoder.answers["12 Main"] = EITHER
    await office.hear(office.requested(number, line, **changes))
    await office.locate()


async def test_an_address_that_is_found_is_answered_with_its_place(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    assert (await ask(office)).json() == {
        "status": "resolved",
        "reason": None,
        "candidates": [
            {
                "lat": 40.1,
                "lon": -82.5,
                "match": "address",
                "confidence": 0.99,
                "label": "12 Main Street, Maple Falls, OH 43001",
            }
        ],
    }


async def test_an_address_of_elsewhere_is_outside(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = OUTSIDE
    assert (await ask(office)).json() == {"status": "outside", "reason": "outside", "candidates": []}


async def test_an_unknown_area_and_an_empty_address_are_told_so(office: Office) -> None:
    unknown, empty, misspelt = (
        await ask(office, area_id="atlantis"),
        await ask(office, address=""),
        await ask(office, adress="x"),
    )
    assert (unknown.status_code, unknown.json()["detail"]) == (
        404,
        "There is no area atlantis. Check the id, or list what there is.",
    )
    assert (empty.status_code, empty.json()["fields"][0]["field"]) == (422, "address")
    assert (misspelt.status_code, misspelt.json()["fields"][0]["field"]) == (422, "adress")


async def test_the_review_queue_shows_the_address_and_what_it_may_mean(office: Office) -> None:
    await in_review(office)
    page = await office.review()
    (item,) = page["items"]
    assert page["next_cursor"] is None
    assert (item["visit_id"], item["address"], item["reason"]) == (str(visit(1)), "12 Main", "ambiguous")
    assert dt.datetime.fromisoformat(item["waiting_since"]) == NOW
    assert [candidate["label"] for candidate in item["candidates"]] == [
        "12 Main Street, Maple Falls, OH 43001",
        "12 East Main Street, Maple Falls, OH 43001",
    ]


async def test_the_queue_comes_in_pages_that_miss_and_repeat_nothing(office: Office) -> None:
    for number in range(1, 6):
        await in_review(office, number)
    await in_review(office, 6, area_id=BORDER)
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = await office.review(limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [item["visit_id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == ([str(visit(number)) for number in range(1, 6)], 3)


@pytest.mark.parametrize("cursor", ["nonsense", "%%%", "ä", "AAAA"])
async def test_a_cursor_that_is_not_ours_is_refused(office: Office, cursor: str) -> None:
    reply = await office.client.get("/v1/places/review", params={"area_id": MAPLE, "cursor": cursor})
    assert (reply.status_code, reply.json()["fields"][0]["field"]) == (422, "cursor")


async def test_what_does_not_open_stays_in_the_queue_without_its_words(office: Office) -> None:
    pasted = seal(office.keys.keys[PATIENT], PATIENT, "notes", "12 Main")
    await in_review(office, 1, "", address=pasted)
    await in_review(office, 2, patient=STRANGER)
    del office.keys.keys[STRANGER]
    first, second = (await office.review())["items"]
    assert (first["address"], first["reason"]) == (None, "unreadable")
    assert (second["address"], [one["label"] for one in second["candidates"]]) == (None, ["", ""])


async def test_without_keys_the_queue_answers_503(office: Office) -> None:
    await in_review(office)
    office.keys.away = True
    reply = await office.client.get("/v1/places/review", params={"area_id": MAPLE})
    assert (reply.status_code, "retry-after" in reply.headers) == (503, True)
    assert reply.json()["detail"].startswith("The booking room did not hand out patient keys.")


async def test_a_picked_candidate_becomes_the_place(office: Office) -> None:
    await in_review(office)
    reply = await settle(office, 1, "pick", candidate=1)
    assert reply.json() == {"visit_id": str(visit(1)), "lat": 40.11, "lon": -82.4, "match": "address"}
    _, said = await office.said()
    assert isinstance(said, PlaceResolved)
    assert (said.aggregate_version, said.point.lat, said.provider, said.state) == (2, 40.11, "dispatcher", "OH")
    assert (await office.review())["items"] == []


async def test_a_picked_place_without_a_state_takes_the_areas_only_one(office: Office) -> None:
    stateless = Candidate(40.1, -82.5, MatchKind.STREET, 0.5, "Main Street")
    office.geocoder.answers["Main"] = Answer(Status.REVIEW, (stateless,), UnresolvedReason.LOW_CONFIDENCE)
    await in_review(office, 1, "Main")
    await settle(office, 1, "pick", candidate=0)
    said = (await office.said())[-1]
    assert isinstance(said, PlaceResolved)
    assert (said.state, said.match) == ("OH", MatchKind.STREET)


async def test_a_pin_settles_an_address_and_moves_a_place_that_was_found(office: Office) -> None:
    await in_review(office)
    assert (await settle(office, 1, "pin", lat=40.05, lon=-82.45)).status_code == 200
    assert (await settle(office, 1, "pin", lat=40.06, lon=-82.46)).status_code == 200
    place = await office.place(1)
    assert (place.status, place.lat, place.match, place.provider) == ("resolved", 40.06, "pinned", "dispatcher")
    assert [event.aggregate_version for event in await office.said()] == [1, 2, 3]


async def test_in_an_area_of_several_states_a_pin_says_in_which_it_is(office: Office) -> None:
    await in_review(office, area_id=BORDER)
    unsaid = await settle(office, 1, "pin", lat=40.05, lon=-82.45)
    assert (unsaid.status_code, unsaid.json()["detail"]) == (
        422,
        "state: Border lies in OH, WV. Say in which the pin is.",
    )
    elsewhere = await settle(office, 1, "pin", lat=40.05, lon=-82.45, state="TX")
    assert (elsewhere.status_code, elsewhere.json()["fields"][0]["field"]) == (422, "state")
    assert (await settle(office, 1, "pin", lat=40.05, lon=-82.45, state="wv")).status_code == 200
    assert (await office.place(1)).state == "WV"


@pytest.mark.parametrize(
    ("act", "body", "status", "sentence"),
    [
        ("pick", {"candidate": 2}, 422, "candidate: There are 2. Choose one of them, or pin the place."),
        ("pick", {"candidate": -1}, 422, "1 field(s) cannot be accepted: candidate."),
        ("pick", {}, 422, "1 field(s) cannot be accepted: candidate."),
        ("pick", {"candidate": 0, "address_version": 2}, 409, "The address has changed since"),
        ("pin", {"lat": 48.1, "lon": 11.6}, 422, "lat, lon: The pin lies outside Maple."),
        ("pin", {"lat": 91, "lon": 0}, 422, "1 field(s) cannot be accepted: lat."),
        ("pin", {"lat": 40.1, "lon": -82.5, "address_version": 7}, 409, "The address has changed since"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    office: Office, act: str, body: dict[str, Any], status: int, sentence: str
) -> None:
    await in_review(office)
    reply = await settle(office, 1, act, **body)
    assert (reply.status_code, reply.json()["detail"].startswith(sentence)) == (status, True), reply.text
    assert (await office.place(1)).status == PlaceStatus.REVIEW
    assert len(await office.said()) == 1


async def test_a_place_that_was_found_is_not_picked_but_pinned(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    await office.locate()
    reply = await settle(office, 1, "pick", candidate=0)
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/not-in-review")
    assert "pin it" in reply.json()["detail"]


@pytest.mark.parametrize("body", [("pick", {"candidate": 0}), ("pin", {"lat": 40.1, "lon": -82.5})])
async def test_a_cancelled_or_unknown_visit_gets_no_place(office: Office, body: tuple[str, dict[str, Any]]) -> None:
    await in_review(office)
    await office.hear(office.cancelled(1))
    act, fields = body
    cancelled, unknown = await settle(office, 1, act, **fields), await settle(office, 2, act, **fields)
    assert (cancelled.status_code, cancelled.json()["type"]) == (409, "/problems/visit-cancelled")
    assert unknown.status_code == 404


async def test_a_pin_in_an_area_that_is_gone_waits_for_it(office: Office) -> None:
    await in_review(office)
    del office.areas[MAPLE]
    reply = await settle(office, 1, "pin", lat=40.1, lon=-82.5)
    assert (reply.status_code, "no area maple" in reply.json()["detail"]) == (404, True)
