"""Shifts over HTTP."""

import datetime as dt
from typing import Any

import pytest

from shared.events.dispatch import (
    AssignmentWithdrawn,
    DayDisrupted,
    RouteDispatched,
    ShiftChanged,
    ShiftClosed,
    ShiftOpened,
)
from tests.dispatch.floor import AREA, DATE, EIGHT, Floor, route, shift_body, stop, visit

NOBODY = "00000000-0000-0000-0000-000000000001"
BREAK = {"duration_minutes": 30, "earliest": "2030-05-06T11:00:00-04:00", "latest": "2030-05-06T13:00:00-04:00"}


async def test_a_shift_is_opened_on_the_areas_date_and_said(floor: Floor) -> None:
    nurse = await floor.nurse()
    late = {"start": "2030-05-06T20:00:00-04:00", "end": "2030-05-07T04:00:00-04:00"}
    shift = await floor.post("/v1/shifts", shift_body(nurse["nurse_id"], **late))
    assert (shift["date"], shift["status"], shift["version"]) == ("2030-05-06", "open", 1)
    assert shift["end_point"] == shift["start_point"] == {"lat": 40.1, "lon": -82.5}
    (opened,) = await floor.said()
    assert isinstance(opened, ShiftOpened)
    assert (opened.aggregate_version, opened.area_id, opened.date) == (1, AREA, DATE)
    assert (opened.nurse_ref, opened.skills, opened.licences) == ("N01", ("injection",), ("RN:OH",))
    assert opened.start == EIGHT + dt.timedelta(hours=12)


async def test_breaks_are_kept_and_said(floor: Floor) -> None:
    nurse = await floor.nurse()
    await floor.post("/v1/shifts", shift_body(nurse["nurse_id"], breaks=[BREAK]))
    (opened,) = await floor.said()
    assert isinstance(opened, ShiftOpened)
    (pause,) = opened.breaks
    assert (pause.duration, pause.earliest) == (dt.timedelta(minutes=30), EIGHT + dt.timedelta(hours=3))


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"end": "2030-05-06T07:00:00-04:00"}, "end", "The shift ends before it starts."),
        ({"end": "2030-05-07T01:00:00-04:00"}, "end", "17 hours long; the longest is 16"),
        ({"start": "2030-05-06T08:00:00"}, "start", ""),
        ({"start_point": {"lat": -82.5, "lon": 40.1}}, "start_point", "lat and lon are not swapped"),
        ({"end_point": {"lat": 41.0, "lon": -82.5}}, "end_point", "89 km outside Maple Falls"),
        ({"start_point": {"lat": 91, "lon": 0}}, "start_point.lat", ""),
        ({"area_id": "mapel"}, "area_id", "The areas are: maple."),
        ({"breaks": [{**BREAK, "earliest": "2030-05-06T07:00:00-04:00"}]}, "breaks.0", "outside the shift"),
        ({"breaks": [{**BREAK, "duration_minutes": 150}]}, "breaks.0", "do not fit between"),
        ({"nurse": NOBODY}, "nurse", ""),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    floor: Floor, change: dict[str, Any], field: str, sentence: str
) -> None:
    nurse = await floor.nurse()
    reply = await floor.client.post("/v1/shifts", json=shift_body(nurse["nurse_id"], **change))
    assert reply.status_code == 422
    assert field in [entry["field"] for entry in reply.json()["fields"]]
    assert sentence in reply.text
    assert await floor.said() == []


async def test_a_place_near_the_area_is_taken(floor: Floor) -> None:
    nurse = await floor.nurse()
    reply = await floor.client.post(
        "/v1/shifts", json=shift_body(nurse["nurse_id"], start_point={"lat": 40.4, "lon": -82.5})
    )
    assert reply.status_code == 201


async def test_a_shift_that_shares_time_with_another_is_refused_and_names_it(floor: Floor) -> None:
    first = await floor.shift()
    body = shift_body(str(first.nurse_id), start="2030-05-06T15:00:00-04:00", end="2030-05-06T20:00:00-04:00")
    reply = await floor.client.post("/v1/shifts", json=body)
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/shift-overlaps")
    assert str(first.shift_id) in reply.json()["detail"]
    assert "from 2030-05-06 08:00 to 2030-05-06 16:00" in reply.json()["detail"]
    after = shift_body(str(first.nurse_id), start="2030-05-06T16:00:00-04:00", end="2030-05-06T20:00:00-04:00")
    assert (await floor.client.post("/v1/shifts", json=after)).status_code == 201


async def test_a_shift_of_nobody_is_not_found(floor: Floor) -> None:
    assert (await floor.client.post("/v1/shifts", json=shift_body(NOBODY))).status_code == 404
    assert (await floor.client.post(f"/v1/shifts/{NOBODY}/close")).status_code == 404


async def test_shifts_are_listed_by_area_date_and_nurse(floor: Floor) -> None:
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    both = (await floor.client.get("/v1/shifts", params={"area_id": AREA, "date": str(DATE)})).json()["shifts"]
    assert [shift["nurse_ref"] for shift in both] == ["N01", "N02"]
    hers = (await floor.client.get("/v1/shifts", params={"nurse_id": str(bea.nurse_id)})).json()["shifts"]
    assert [shift["shift_id"] for shift in hers] == [str(bea.shift_id)]
    assert (await floor.client.get("/v1/shifts", params={"date": "2030-05-07"})).json() == {"shifts": []}
    assert ann.shift_id != bea.shift_id


async def test_a_changed_shift_is_said_and_the_same_again_is_not(floor: Floor) -> None:
    shift = await floor.shift()
    await floor.said()
    body = _times(end="2030-05-06T17:00:00-04:00", breaks=[BREAK])
    first = await floor.client.put(f"/v1/shifts/{shift.shift_id}", json=body)
    again = await floor.client.put(f"/v1/shifts/{shift.shift_id}", json=body)
    assert first.json() == again.json()
    assert first.json()["version"] == 2
    (changed,) = await floor.said()
    assert isinstance(changed, ShiftChanged)
    assert (changed.aggregate_version, changed.end) == (2, EIGHT + dt.timedelta(hours=9))


async def test_a_shift_keeps_its_date(floor: Floor) -> None:
    shift = await floor.shift()
    body = _times(start="2030-05-07T08:00:00-04:00", end="2030-05-07T16:00:00-04:00")
    reply = await floor.client.put(f"/v1/shifts/{shift.shift_id}", json=body)
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/other-date")


async def test_a_change_on_an_older_version_is_refused(floor: Floor) -> None:
    shift = await floor.shift()
    await floor.client.put(f"/v1/shifts/{shift.shift_id}", json=_times(end="2030-05-06T17:00:00-04:00"))
    reply = await floor.client.put(
        f"/v1/shifts/{shift.shift_id}", json=_times(end="2030-05-06T18:00:00-04:00", version=1)
    )
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/changed-meanwhile")


async def test_closing_a_shift_takes_back_its_visits_and_wants_a_new_plan(floor: Floor) -> None:
    shift = await floor.shift()
    await floor.plan(1, route(shift, stop(visit(1), 10), stop(visit(2), 60)))
    assert (await floor.act(shift, visit(1), "en_route")).status_code == 200
    await floor.said()
    closed = await floor.post(f"/v1/shifts/{shift.shift_id}/close")
    assert (closed["status"], closed["version"]) == ("closed", 2)
    said = await floor.said()
    assert [type(event) for event in said] == [ShiftClosed, AssignmentWithdrawn, RouteDispatched, DayDisrupted]
    assert [event.aggregate_version for event in said] == [2, 5, 6, 7]
    assert [entry["visit_id"] for entry in (await floor.assignments())["assignments"]] == [str(visit(1))]


async def test_closing_again_changes_nothing(floor: Floor) -> None:
    shift = await floor.shift()
    first = await floor.post(f"/v1/shifts/{shift.shift_id}/close")
    await floor.said()
    assert await floor.post(f"/v1/shifts/{shift.shift_id}/close") == first
    assert await floor.said() == []


async def test_a_closed_shift_is_not_changed_and_leaves_its_time_free(floor: Floor) -> None:
    shift = await floor.shift()
    await floor.post(f"/v1/shifts/{shift.shift_id}/close")
    reply = await floor.client.put(f"/v1/shifts/{shift.shift_id}", json=_times())
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/shift-closed")
    assert (await floor.client.post("/v1/shifts", json=shift_body(str(shift.nurse_id)))).status_code == 201


def _times(**changes: object) -> dict[str, Any]:
    return {name: value for name, value in shift_body("", **changes).items() if name not in ("nurse_id", "area_id")}
