"""The whole chain: a booking becomes a nurse's route, everybody sees it, and what changes is seen too."""

import datetime as dt
from pathlib import Path
from typing import Any

from services.sample.addresses import Address
from tests.flow.conftest import AREA, Desk, opened_desk, soon


async def test_a_booking_becomes_a_stop_on_a_nurses_route(desk: Desk, addresses: list[Address]) -> None:
    nurse_id = await desk.add_nurse("N01", addresses[0])
    booking = await desk.book(addresses[500])

    booked = await desk.until_status(booking, "booked")

    assert booked["assignment"]["nurse_ref"] == "N01"
    assert booked["assignment"]["date"] == desk.date.isoformat()
    (assignment,) = await desk.assignments()
    assert (assignment["visit_id"], assignment["nurse_id"]) == (booking["visit_id"], nurse_id)
    plan = await desk.ask("GET", f"/v1/plans/{AREA}/{desk.date}")
    (route,) = plan["routes"]
    assert [stop["visit_id"] for stop in route["stops"]] == [booking["visit_id"]]
    assert route["drive_seconds"] > 0
    assert not route["travel_estimated"]


async def test_the_nurses_acts_reach_the_booking_and_freeze_the_visit(desk: Desk, addresses: list[Address]) -> None:
    nurse_id = await desk.add_nurse("N01", addresses[0])
    booking = await desk.book(addresses[500])
    await desk.until_status(booking, "booked")

    for act in ("accept", "en_route", "arrived"):
        await desk.act(booking, nurse_id, act)
    await desk.until_status(booking, "arrived")
    await desk.add_nurse("N02", addresses[501])  # the day is planned again, and N02 lives next door
    second = await desk.book(addresses[502])
    await desk.until_status(second, "booked")

    (first,) = [a for a in await desk.assignments() if a["visit_id"] == booking["visit_id"]]
    assert first["nurse_id"] == nurse_id
    await desk.act(booking, nurse_id, "done")
    await desk.until_status(booking, "fulfilled")


async def test_an_unclear_address_waits_for_the_dispatcher_who_pins_it(desk: Desk, addresses: list[Address]) -> None:
    await desk.add_nurse("N01", addresses[0])
    booking = await desk.book("12 Nosuchstreet Boulevard, Harlan Mills, OH 43087")
    pending = await desk.until_status(booking, "pending")
    assert pending["reasons"][0]["code"] == "not_found"
    queue = (await desk.ask("GET", "/v1/places/review", params={"area_id": AREA}))["items"]
    assert [item["visit_id"] for item in queue] == [booking["visit_id"]]

    there = {"lat": addresses[9].lat, "lon": addresses[9].lon, "address_version": 1}
    await desk.ask("POST", f"/v1/places/{booking['visit_id']}/pin", there)

    await desk.until_status(booking, "booked")
    assert (await desk.ask("GET", "/v1/places/review", params={"area_id": AREA}))["items"] == []


async def test_a_visit_nobody_can_do_says_why(desk: Desk, addresses: list[Address]) -> None:
    await desk.add_nurse("N01", addresses[0], skills=("injection",))
    booking = await desk.book(addresses[500], services=["cbc"])

    async def explained() -> dict[str, Any] | None:
        now = await desk.booking(booking)
        return now if now["reasons"] else None

    (reason,) = (await soon(explained, "a reason"))["reasons"]
    assert reason["code"] == "no_skill"
    assert "venipuncture" in reason["explanation"]


async def test_a_cancelled_visit_leaves_the_route_for_good(desk: Desk, addresses: list[Address]) -> None:
    await desk.add_nurse("N01", addresses[0])
    booking, other = await desk.book(addresses[500]), await desk.book(addresses[700])
    await desk.until_status(booking, "booked")
    await desk.until_status(other, "booked")

    await desk.ask("POST", f"/v1/bookings/{booking['booking_id']}/cancel", {"reason": "patient"})

    async def gone() -> bool | None:
        routed = {stop["visit_id"] for route in await routes(desk) for stop in route["stops"]}
        held = {a["visit_id"] for a in await desk.assignments()}
        return True if routed == {other["visit_id"]} and held == {other["visit_id"]} else None

    await soon(gone, "the visit off the route")
    assert (await desk.booking(booking))["status"] == "cancelled"


async def test_a_rescheduled_visit_moves_to_the_other_day(desk: Desk, addresses: list[Address]) -> None:
    await desk.add_nurse("N01", addresses[0])
    booking = await desk.book(addresses[500])
    await desk.until_status(booking, "booked")

    later = desk.date + dt.timedelta(days=1)
    body = {"any_time_on": [later.isoformat()]}
    await desk.ask("POST", f"/v1/bookings/{booking['booking_id']}/reschedule", body)

    async def moved() -> dict[str, Any] | None:
        plan = await desk.ask("GET", f"/v1/plans/{AREA}/{later}")
        return plan if plan["unassigned"] else None

    plan = await soon(moved, "the visit in the other day's plan")
    assert plan["unassigned"][0]["visit_id"] == booking["visit_id"]
    assert all(not route["stops"] for route in await routes(desk))


async def test_a_visit_for_any_of_two_days_goes_to_the_second_when_the_first_has_nobody(
    desk: Desk, addresses: list[Address]
) -> None:
    await desk.add_nurse("N01", addresses[0])
    before = desk.date - dt.timedelta(days=1)
    booking = await desk.book(addresses[500], any_time_on=[before.isoformat(), desk.date.isoformat()])

    booked = await desk.until_status(booking, "booked")

    assert booked["assignment"]["date"] == desk.date.isoformat()


async def test_a_second_start_goes_on_where_the_first_stopped(data: Path, addresses: list[Address]) -> None:
    async with opened_desk(data) as desk:
        await desk.add_nurse("N01", addresses[0])
        first = await desk.book(addresses[500])
        await desk.until_status(first, "booked")
        second = await desk.book(addresses[800])

    async with opened_desk(data) as desk:
        await desk.until_status(second, "booked")
        assert (await desk.booking(first))["status"] == "booked"
        assert len(await desk.assignments()) == 2


async def routes(desk: Desk) -> list[dict[str, Any]]:
    plan = await desk.ask("GET", f"/v1/plans/{AREA}/{desk.date}")
    found: list[dict[str, Any]] = plan["routes"]
    return found
