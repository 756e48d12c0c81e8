"""What the room hears moves its bookings' status, in any order and however often it is heard."""

import asyncio
import datetime as dt
import itertools
from typing import Any
from uuid import UUID

import pytest

from services.booking.domain.progress import Step
from shared.clock import new_id
from shared.events import encode
from shared.events.dispatch import AssignmentWithdrawn, WithdrawalReason
from shared.events.geocoding import PlaceResolved, PlaceUnresolved, UnresolvedReason
from shared.events.ids import EventId, VisitId
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, Unassigned
from shared.events.values import GeoPoint, MatchKind
from tests.booking.desk import EARLIER_SHIFT, MAPLE, NURSE, SHIFT, Desk, act, until, visit_assigned

DAY = dt.date(2030, 5, 6)


def resolved(visit_id: VisitId, version: int, address_version: int = 1) -> PlaceResolved:
    return PlaceResolved(
        aggregate_version=version,
        visit_id=visit_id,
        area_id=MAPLE,
        address_version=address_version,
        point=GeoPoint(lat=40.5, lon=-73.5),
        match=MatchKind.ADDRESS,
        confidence=1,
        state="OH",
        provider="local",
    )


def unresolved(visit_id: VisitId, version: int, address_version: int = 1) -> PlaceUnresolved:
    return PlaceUnresolved(
        aggregate_version=version,
        visit_id=visit_id,
        area_id=MAPLE,
        address_version=address_version,
        reason=UnresolvedReason.AMBIGUOUS,
    )


def withdrawn(visit_id: VisitId, version: int, **changes: object) -> AssignmentWithdrawn:
    known = {
        "aggregate_version": version,
        "area_id": MAPLE,
        "date": DAY,
        "visit_id": visit_id,
        "shift_id": SHIFT,
        "nurse_id": NURSE,
        "reason": WithdrawalReason.REPLANNED,
    }
    return AssignmentWithdrawn.model_validate({**known, **changes})


def plan(version: int, *left_out: VisitId, date: dt.date = DAY) -> PlanCommitted:
    return PlanCommitted(
        aggregate_version=version,
        area_id=MAPLE,
        date=date,
        plan_version=version,
        routes=(),
        unassigned=tuple(
            Unassigned(visit_id=visit_id, reason="no_room", explanation="No nurse has room.") for visit_id in left_out
        ),
        price_cents={},
        drive=dt.timedelta(0),
        travel_estimated=False,
        seconds=1,
    )


def story(topic: str, visit_id: VisitId) -> list[Event]:
    """What one topic tells of a visit that is found, left out, taken, withdrawn and assigned again."""
    match topic:
        case "places":
            return [unresolved(visit_id, 1), resolved(visit_id, 2)]
        case "plans":
            return [plan(1, visit_id), plan(2)]
        case _:
            return [visit_assigned(visit_id, 1), withdrawn(visit_id, 2), visit_assigned(visit_id, 3)]


async def booked(desk: Desk, **changes: Any) -> tuple[str, VisitId]:
    body = await desk.book(**changes)
    return body["booking_id"], VisitId(UUID(body["visit_id"]))


async def status(desk: Desk, booking_id: str) -> str:
    return str((await desk.read(booking_id))["status"])


async def test_a_visit_goes_its_way_from_proposed_to_fulfilled(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    way = [
        (unresolved(visit_id, 1), "pending"),
        (resolved(visit_id, 2), "proposed"),
        (visit_assigned(visit_id, 1), "booked"),
        (act(Step.ACCEPTED, visit_id, 2), "booked"),
        (act(Step.EN_ROUTE, visit_id, 3), "booked"),
        (act(Step.ARRIVED, visit_id, 4), "arrived"),
        (act(Step.DONE, visit_id, 5), "fulfilled"),
    ]
    for event, expected in way:
        await desk.hear(event)
        assert await status(desk, booking_id) == expected, type(event).__name__


async def test_a_booking_tells_who_comes_and_when(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    await desk.hear(visit_assigned(visit_id, 1), act(Step.ACCEPTED, visit_id, 2))
    assert (await desk.read(booking_id))["assignment"] == {
        "nurse_ref": "N07",
        "date": "2030-05-06",
        "arrival": "2030-05-06T13:00:00Z",
        "start": "2030-05-06T13:00:00Z",
        "end": "2030-05-06T13:20:00Z",
        "step": "accepted",
        "step_at": "2030-05-06T13:30:00Z",
    }


async def test_a_pending_booking_tells_why(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    await desk.hear(unresolved(visit_id, 1))
    body = await desk.read(booking_id)
    assert (body["place"], [reason["code"] for reason in body["reasons"]]) == ("unresolved", ["ambiguous"])
    assert body["reasons"][0]["explanation"].startswith("The address fits more than one place.")


async def test_an_answer_about_an_earlier_address_is_none_about_this_one(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    await desk.client.put(f"/v1/bookings/{booking_id}/address", json={"street": "9 Oak St", "postcode": "43002"})
    await desk.hear(unresolved(visit_id, 1, address_version=1))
    assert (await desk.read(booking_id))["place"] == "unknown"
    await desk.hear(resolved(visit_id, 2, address_version=2))
    assert (await desk.read(booking_id))["place"] == "resolved"


async def test_older_and_repeated_events_change_nothing(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    newest = [resolved(visit_id, 2), visit_assigned(visit_id, 3), act(Step.ARRIVED, visit_id, 4), plan(2)]
    await desk.hear(*newest)
    before = await desk.read(booking_id)
    await desk.hear(unresolved(visit_id, 1), withdrawn(visit_id, 2), act(Step.EN_ROUTE, visit_id, 1), plan(1, visit_id))
    await desk.hear(*newest)
    assert await desk.read(booking_id) == before
    assert before["status"] == "arrived"


@pytest.mark.parametrize("order", list(itertools.permutations(["places", "plans", "days"])), ids=">".join)
async def test_topics_may_come_in_any_order_among_each_other(desk: Desk, order: tuple[str, ...]) -> None:
    booking_id, visit_id = await booked(desk)
    for topic in order:
        await desk.hear(*story(topic, visit_id))
    body = await desk.read(booking_id)
    assert (body["status"], body["place"], body["reasons"]) == ("booked", "resolved", [])
    assert body["assignment"]["nurse_ref"] == "N07"


async def test_a_visit_the_plan_leaves_out_tells_why_until_a_later_plan_takes_it(desk: Desk) -> None:
    left, taken = await booked(desk), await booked(desk, reference="other")
    await desk.hear(plan(1, left[1], taken[1]), plan(2, left[1]))
    assert (await desk.read(left[0]))["reasons"] == [
        {"code": "no_room", "explanation": "No nurse has room.", "date": "2030-05-06"}
    ]
    assert (await desk.read(taken[0]))["reasons"] == []
    assert [await status(desk, left[0]), await status(desk, taken[0])] == ["proposed", "proposed"]


async def test_a_withdrawal_leaves_the_visit_without_nurse_unless_another_has_it_by_then(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    await desk.hear(visit_assigned(visit_id, 1, shift_id=EARLIER_SHIFT))
    await desk.hear(visit_assigned(visit_id, 2), withdrawn(visit_id, 3, shift_id=EARLIER_SHIFT))
    assert await status(desk, booking_id) == "booked"
    await desk.hear(withdrawn(visit_id, 4))
    assert (await desk.read(booking_id))["assignment"] is None
    assert await status(desk, booking_id) == "proposed"


@pytest.mark.parametrize("withdrawal_first", [True, False])
async def test_a_visit_moved_to_another_day_has_its_new_nurse_in_whichever_order_the_days_are_heard(
    desk: Desk, *, withdrawal_first: bool
) -> None:
    booking_id, visit_id = await booked(desk)
    await desk.hear(visit_assigned(visit_id, 7))
    await desk.client.post(f"/v1/bookings/{booking_id}/reschedule", json={"any_time_on": ["2030-05-08"]})
    assert await status(desk, booking_id) == "proposed", "the old time is wished no more"
    start = dt.datetime(2030, 5, 8, 15, tzinfo=dt.UTC)
    end = start + dt.timedelta(minutes=20)
    there = visit_assigned(visit_id, 2, date=dt.date(2030, 5, 8), arrival=start, start=start, end=end)
    gone = withdrawn(visit_id, 8)
    await desk.hear(*([gone, there] if withdrawal_first else [there, gone]))
    body = await desk.read(booking_id)
    assert (body["status"], body["assignment"]["date"]) == ("booked", "2030-05-08")


async def test_a_visit_that_could_not_be_done_is_a_no_show_with_its_reason(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    await desk.hear(visit_assigned(visit_id, 1), act(Step.MISSED, visit_id, 2))
    body = await desk.read(booking_id)
    assert (body["status"], [reason["code"] for reason in body["reasons"]]) == ("noshow", ["not_home"])


async def test_events_about_a_visit_that_is_not_ours_are_ignored(desk: Desk) -> None:
    nobody = VisitId(UUID(int=1))
    await desk.hear(resolved(nobody, 1), visit_assigned(nobody, 1), act(Step.DONE, nobody, 2), plan(1, nobody))
    assert (await desk.client.get("/v1/bookings")).json()["items"] == []


async def test_the_room_hears_the_bus_and_says_on_it_what_it_was_asked(desk: Desk) -> None:
    booking_id, visit_id = await booked(desk)
    told = [unresolved(visit_id, 1), resolved(visit_id, 2), visit_assigned(visit_id, 1)]
    await desk.house.bus.publish(
        [encode(event, event_id=EventId(new_id()), source="/test", time=desk.clock()) for event in told]
    )

    async def is_booked() -> bool:
        return await status(desk, booking_id) == "booked"

    await until(is_booked)
    async with asyncio.timeout(20):
        async for record in desk.house.bus.tail(["rounds.booking.visit.v1"], from_start=True, follow=True):
            assert record.key == str(visit_id).encode()
            assert record.headers["ce_correlationid"] == booking_id.encode()
            break
