"""Listing bookings: newest first, page by page, filtered."""

from typing import Any
from uuid import UUID

import pytest

from services.booking.domain.progress import Step
from shared.events.ids import VisitId
from tests.booking.desk import VANCOUVER, Desk, act, visit_assigned


async def page(desk: Desk, **params: Any) -> tuple[list[str], str | None]:
    """Return the references on a page, and the next cursor."""
    reply = await desk.client.get("/v1/bookings", params={k: v for k, v in params.items() if v is not None})
    assert reply.status_code == 200, reply.text
    return [item["reference"] for item in reply.json()["items"]], reply.json()["next_cursor"]


async def test_pages_go_from_the_newest_to_the_oldest_and_end(desk: Desk) -> None:
    for number in range(5):
        await desk.book(reference=f"R{number}")
    first, cursor = await page(desk, limit=2)
    second, cursor = await page(desk, limit=2, cursor=cursor)
    third, end = await page(desk, limit=2, cursor=cursor)
    assert (first, second, third, end) == (["R4", "R3"], ["R2", "R1"], ["R0"], None)


async def test_what_is_booked_meanwhile_moves_no_page(desk: Desk) -> None:
    for number in range(4):
        await desk.book(reference=f"R{number}")
    first, cursor = await page(desk, limit=2)
    await desk.book(reference="meanwhile")
    second, _ = await page(desk, limit=2, cursor=cursor)
    assert first + second == ["R3", "R2", "R1", "R0"]


async def test_filters_hold_together_and_across_pages(desk: Desk) -> None:
    vancouver = {"street": "1 A St", "postcode": VANCOUVER.postcodes[0]}
    await desk.book(reference="monday")
    await desk.book(reference="days", windows=None, any_time_on=["2030-05-06", "2030-05-08"])
    await desk.book(reference="tuesday", windows=None, any_time_on=["2030-05-07"])
    await desk.book(reference="there", address=vancouver)
    done = await desk.book(reference="done")
    visit_id = VisitId(UUID(done["visit_id"]))
    await desk.hear(visit_assigned(visit_id, 1), act(Step.DONE, visit_id, 2))

    assert (await page(desk, area_id="vancouver"))[0] == ["there"]
    assert (await page(desk, date="2030-05-08"))[0] == ["days"]
    assert (await page(desk, date="2030-05-06", area_id="maple"))[0] == ["done", "days", "monday"]
    assert (await page(desk, status="fulfilled"))[0] == ["done"]
    first, cursor = await page(desk, date="2030-05-06", area_id="maple", status="proposed", limit=1)
    second, end = await page(desk, date="2030-05-06", area_id="maple", status="proposed", limit=1, cursor=cursor)
    assert (first, second, end) == (["days"], ["monday"], None)


async def test_a_rescheduled_booking_is_listed_under_its_new_date_only(desk: Desk) -> None:
    body = await desk.book(reference="moved")
    await desk.client.post(f"/v1/bookings/{body['booking_id']}/reschedule", json={"any_time_on": ["2030-05-09"]})
    assert (await page(desk, date="2030-05-06"))[0] == []
    assert (await page(desk, date="2030-05-09"))[0] == ["moved"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"cursor": "not a cursor"}, "cursor"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"date": "06/05/2030"}, "date"),
        ({"status": "lost"}, "status"),
    ],
)
async def test_a_bad_parameter_is_named(desk: Desk, params: dict[str, Any], field: str) -> None:
    reply = await desk.client.get("/v1/bookings", params=params)
    assert (reply.status_code, [entry["field"] for entry in reply.json()["fields"]]) == (422, [field])
