"""Changing a booking: other times, another address, calling it off; and until when."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.booking.domain.progress import Step
from shared.events.booking import VisitCancelled, VisitChanged
from shared.events.geocoding import PlaceUnresolved, UnresolvedReason
from shared.events.ids import VisitId
from tests.booking.desk import MAPLE, Desk, act, visit_assigned

NEW_ADDRESS = {"street": "9 Oak St", "city": "Maple Falls", "postcode": "43002"}


async def reschedule(desk: Desk, body: dict[str, Any], **wishes: object) -> httpx.Response:
    return await desk.client.post(f"/v1/bookings/{body['booking_id']}/reschedule", json=wishes)


async def move(desk: Desk, body: dict[str, Any], **address: object) -> httpx.Response:
    return await desk.client.put(f"/v1/bookings/{body['booking_id']}/address", json=address)


async def cancel(desk: Desk, body: dict[str, Any], **why: object) -> httpx.Response:
    return await desk.client.post(f"/v1/bookings/{body['booking_id']}/cancel", json=why)


async def test_new_wishes_replace_the_old_ones_and_are_said(desk: Desk) -> None:
    body = await desk.book()
    reply = await reschedule(desk, body, any_time_on=["2030-05-08"])
    assert reply.status_code == 200
    assert reply.json() == {
        **body,
        "version": 2,
        "windows": [{"start": "2030-05-08T12:00:00Z", "end": "2030-05-09T00:00:00Z"}],
    }
    requested, changed = await desk.said()
    assert isinstance(changed, VisitChanged)
    assert (requested.aggregate_version, changed.aggregate_version, changed.address_version) == (1, 2, 1)
    assert changed.windows[0].start.isoformat() == "2030-05-08T12:00:00+00:00"


async def test_the_same_wishes_again_change_nothing(desk: Desk) -> None:
    body = await desk.book(windows=None, any_time_on=["2030-05-08"])
    assert (await reschedule(desk, body, any_time_on=["2030-05-08"])).json() == body
    assert len(await desk.said()) == 1


async def test_wishes_that_cannot_be_are_refused_and_change_nothing(desk: Desk) -> None:
    body = await desk.book()
    assert (await reschedule(desk, body, any_time_on=["2030-04-08"])).json()["fields"][0]["field"] == "any_time_on.0"
    assert (await reschedule(desk, body)).status_code == 422
    assert await desk.read(body["booking_id"]) == body


async def test_the_rule_between_a_patients_visits_holds_at_a_reschedule_too(desk: Desk) -> None:
    patient = {"reference": "P-1", "first_name": "Ada", "last_name": "C", "birth_date": "1980-04-12"}
    await desk.book(patient=patient, services=["b12-im-1000"])
    level = await desk.book(patient=patient, services=["b12-level"], windows=None, any_time_on=["2030-05-25"])
    refused = await reschedule(desk, level, any_time_on=["2030-05-12"])
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "windows")
    assert (await reschedule(desk, level, any_time_on=["2030-05-24"])).status_code == 200


async def test_a_new_address_gets_a_version_of_its_own_and_is_looked_up_anew(desk: Desk) -> None:
    body = await desk.book()
    visit_id = VisitId(UUID(body["visit_id"]))
    unresolved = PlaceUnresolved(
        aggregate_version=1, visit_id=visit_id, area_id=MAPLE, address_version=1, reason=UnresolvedReason.NOT_FOUND
    )
    await desk.hear(unresolved)
    assert (await desk.read(body["booking_id"]))["status"] == "pending"
    moved = (await move(desk, body, **NEW_ADDRESS)).json()
    assert (moved["status"], moved["place"], moved["address_version"], moved["version"]) == (
        "proposed",
        "unknown",
        2,
        2,
    )
    changed = (await desk.said())[-1]
    assert isinstance(changed, VisitChanged)
    assert (changed.address_version, changed.aggregate_version) == (2, 2)
    assert (await move(desk, body, **NEW_ADDRESS)).json()["version"] == 2, "the same address again changes nothing"


async def test_an_address_in_another_area_is_refused(desk: Desk) -> None:
    reply = await move(desk, await desk.book(), street="1 A St", postcode="V6B 1A1")
    assert reply.status_code == 422
    assert reply.json()["detail"] == (
        "street: This address belongs to another area, vancouver. Cancel this booking and book again there."
    )
    assert (await move(desk, await desk.book(), city="Maple Falls")).json()["fields"][0]["field"] == "street"


async def test_a_cancelled_booking_is_said_once_and_stays_as_it_is(desk: Desk) -> None:
    body = await desk.book()
    first = await cancel(desk, body, reason="provider")
    assert first.json()["status"] == "cancelled"
    assert first.json()["reasons"] == [{"code": "provider", "explanation": "The booking was cancelled.", "date": None}]
    again = await cancel(desk, body, reason="other")
    assert (again.status_code, again.json()) == (200, first.json())
    said = (await desk.said())[1:]
    assert [(type(event), event.aggregate_version) for event in said] == [(VisitCancelled, 2)]
    assert (await reschedule(desk, body, any_time_on=["2030-05-08"])).json()["detail"] == (
        "The booking was cancelled. Book again."
    )


async def test_a_reason_is_a_code_and_no_free_text(desk: Desk) -> None:
    reply = await cancel(desk, await desk.book(), reason="Ada is ill")
    assert (reply.status_code, reply.json()["fields"][0]["field"]) == (422, "reason")


@pytest.mark.parametrize(
    ("step", "change_status", "cancel_status"),
    [
        (Step.ACCEPTED, 200, 200),
        (Step.EN_ROUTE, 409, 200),
        (Step.ARRIVED, 409, 409),
        (Step.DONE, 409, 409),
        (Step.MISSED, 409, 409),
    ],
)
async def test_what_has_begun_is_not_changed_and_what_is_over_not_cancelled(
    desk: Desk, step: Step, change_status: int, cancel_status: int
) -> None:
    body = await desk.book()
    visit_id = VisitId(UUID(body["visit_id"]))
    await desk.hear(visit_assigned(visit_id, 1), act(step, visit_id, 2))
    replies = [
        await reschedule(desk, body, any_time_on=["2030-05-08"]),
        await move(desk, body, **NEW_ADDRESS),
        await cancel(desk, body),
    ]
    assert [reply.status_code for reply in replies] == [change_status, change_status, cancel_status]
    refusals = [reply.json() for reply in replies if reply.status_code == 409]
    assert all(refusal["type"] == "/problems/booking-settled" and refusal["detail"] for refusal in refusals)


async def test_who_saw_an_older_version_changes_nothing(desk: Desk) -> None:
    body = await desk.book()
    assert (await reschedule(desk, body, any_time_on=["2030-05-08"], version=1)).json()["version"] == 2
    stale = await reschedule(desk, body, any_time_on=["2030-05-09"], version=1)
    assert (stale.status_code, stale.json()["type"]) == (409, "/problems/version-conflict")
    assert (await move(desk, body, **NEW_ADDRESS, version=1)).status_code == 409
    assert (await move(desk, body, **NEW_ADDRESS, version=2)).status_code == 200


async def test_a_booking_that_is_not_there_is_not_found(desk: Desk) -> None:
    nobody = {"booking_id": str(UUID(int=5))}
    replies = [
        await desk.client.get(f"/v1/bookings/{nobody['booking_id']}"),
        await reschedule(desk, nobody, any_time_on=["2030-05-08"]),
        await move(desk, nobody, **NEW_ADDRESS),
        await cancel(desk, nobody),
    ]
    assert [(reply.status_code, reply.json()["type"]) for reply in replies] == [(404, "/problems/not-found")] * 4
