"""The doors of the room: reading a day's plan, and asking for a new one."""

import datetime as dt

import pytest

from tests.routing_room.facts import DAY, at, located, lunch, near, requested, shift, shift_id, visit_id
from tests.routing_room.planning import Room


async def test_a_day_without_a_plan_is_empty_and_idle(room: Room) -> None:
    assert await room.read() == {
        "area_id": "maple",
        "date": "2030-05-06",
        "plan_version": 0,
        "state": "idle",
        "failure": None,
        "routes": [],
        "unassigned": [],
        "price_cents": {},
        "drive_seconds": 0,
        "travel_estimated": False,
    }


async def test_a_plan_is_read_with_routes_reasons_and_price(room: Room) -> None:
    await room.plan(shift(1, breaks=(lunch(),)), requested(1), located(1, near(shift(1).start_point, 10)))
    await room.plan(requested(2, skills=("venipuncture",)), located(2))
    plan = await room.read()
    (route,) = plan["routes"]
    assert (plan["plan_version"], plan["state"], plan["travel_estimated"]) == (2, "idle", True)
    assert (route["shift_id"], route["nurse_ref"]) == (str(shift_id(1)), "N01")
    assert sorted(stop["kind"] for stop in route["stops"]) == ["break", "visit"]
    (stop,) = [stop for stop in route["stops"] if stop["kind"] == "visit"]
    assert stop["visit_id"] == str(visit_id(1))
    assert dt.datetime.fromisoformat(stop["end"]) - dt.datetime.fromisoformat(stop["start"]) == dt.timedelta(minutes=20)
    assert dt.datetime.fromisoformat(route["departure"]) >= at(8)
    assert route["drive_seconds"] == plan["drive_seconds"] > stop["drive_seconds"] > 0
    assert route["metres"] == pytest.approx(10 * route["drive_seconds"], abs=20)
    (left,) = plan["unassigned"]
    assert (left["visit_id"], left["reason"]) == (str(visit_id(2)), "no_skill")
    assert "venipuncture" in left["explanation"]
    assert plan["price_cents"]["left_out"] > 0


async def test_asking_for_a_plan_searches_the_whole_day_again(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    reply = await room.client.post(f"/v1/plans/maple/{DAY}/replan")
    assert (reply.status_code, reply.json()) == (202, {"state": "waiting"})
    assert (await room.read())["state"] == "waiting"
    await room.plan()
    assert (room.solver.jobs[-1].changed_visits, (await room.read())["plan_version"]) == (None, 2)
    await room.plan(requested(2), located(2))
    assert room.solver.jobs[-1].changed_visits == frozenset({visit_id(2)})


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/replan")])
async def test_an_area_or_date_that_is_none_is_told_so(room: Room, method: str, path: str) -> None:
    nowhere = await room.client.request(method, f"/v1/plans/atlantis/{DAY}{path}")
    never = await room.client.request(method, f"/v1/plans/maple/2030-02-30{path}")
    assert (nowhere.status_code, nowhere.json()["detail"]) == (
        404,
        "There is no area atlantis. Check the id, or list what there is.",
    )
    assert (never.status_code, never.json()["fields"][0]["field"]) == (422, "date")
