"""Nurses over HTTP."""

from typing import Any

import pytest

from shared.events.dispatch import ShiftChanged
from tests.dispatch.floor import Floor, at, shift_body

ANN = {"nurse_ref": "N01", "name": "Ann Canary", "skills": ["injection"], "licences": ["RN:OH"]}


async def test_a_nurse_is_added_found_and_named_to_other_rooms_only(floor: Floor) -> None:
    added = await floor.nurse()
    assert {name: added[name] for name in ANN} == ANN
    assert (await floor.client.get("/v1/nurses")).json() == {"nurses": [added]}
    assert (await floor.client.get("/v1/nurses", params={"nurse_ref": "N02"})).json() == {"nurses": []}
    assert (await floor.client.get("/internal/nurses")).status_code == 401
    names = await floor.house.peers.client("board", "dispatch").get("/internal/nurses")
    assert names.json() == [{"nurse_id": added["nurse_id"], "nurse_ref": "N01", "name": "Ann Canary"}]


async def test_a_staff_code_that_is_taken_is_refused_and_names_who_has_it(floor: Floor) -> None:
    first = await floor.nurse()
    second = await floor.client.post("/v1/nurses", json={**ANN, "name": "Bea Canary"})
    assert second.status_code == 409
    assert second.json()["type"] == "/problems/nurse-exists"
    assert first["nurse_id"] in second.json()["detail"]
    other = await floor.nurse("N02")
    renamed = await floor.client.put(f"/v1/nurses/{other['nurse_id']}", json=ANN)
    assert renamed.status_code == 409


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"skills": ["injektion"]}, "skills.0", "Did you mean injection?"),
        ({"licences": ["RN-OH"]}, "licences.0", "not of the form KIND:STATE"),
        ({"licences": ["RN:OH", "RNN:OH"]}, "licences.1", "Did you mean RN?"),
        ({"name": " "}, "name", ""),
        ({"nurse_ref": None}, "nurse_ref", ""),
        ({"skils": []}, "skils", ""),
    ],
)
async def test_what_cannot_be_is_refused_by_field(
    floor: Floor, change: dict[str, Any], field: str, sentence: str
) -> None:
    reply = await floor.client.post("/v1/nurses", json={**ANN, **change})
    assert reply.status_code == 422
    assert field in [entry["field"] for entry in reply.json()["fields"]]
    assert sentence in reply.text


async def test_a_change_of_skills_is_said_for_her_shifts_that_are_not_over(floor: Floor) -> None:
    today = await floor.shift()
    times = {"start": "2030-05-08T08:00:00-04:00", "end": "2030-05-08T16:00:00-04:00"}
    await floor.post("/v1/shifts", shift_body(str(today.nurse_id), **times))
    await floor.said()
    floor.clock.now = at(9 * 60)  # her shift of today is over
    nurse = await floor.client.put(f"/v1/nurses/{today.nurse_id}", json={**ANN, "skills": ["venipuncture"]})
    assert nurse.json()["version"] == 2
    (changed,) = await floor.said()
    assert isinstance(changed, ShiftChanged)
    assert (changed.skills, changed.aggregate_version, changed.date.isoformat()) == (("venipuncture",), 2, "2030-05-08")


async def test_a_change_of_name_concerns_no_plan(floor: Floor) -> None:
    shift = await floor.shift()
    await floor.said()
    reply = await floor.client.put(f"/v1/nurses/{shift.nurse_id}", json={**ANN, "name": "Ann Other"})
    assert (reply.json()["name"], reply.json()["version"]) == ("Ann Other", 2)
    assert await floor.said() == []


async def test_the_same_again_changes_nothing(floor: Floor) -> None:
    shift = await floor.shift()
    await floor.said()
    reply = await floor.client.put(f"/v1/nurses/{shift.nurse_id}", json=ANN)
    assert reply.json()["version"] == 1
    assert await floor.said() == []


async def test_a_change_on_an_older_version_is_refused(floor: Floor) -> None:
    nurse = await floor.nurse()
    path = f"/v1/nurses/{nurse['nurse_id']}"
    assert (await floor.client.put(path, json={**ANN, "name": "Ann One", "version": 1})).status_code == 200
    late = await floor.client.put(path, json={**ANN, "name": "Ann Two", "version": 1})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/changed-meanwhile")


async def test_a_nurse_that_does_not_exist_is_not_found(floor: Floor) -> None:
    reply = await floor.client.put("/v1/nurses/00000000-0000-0000-0000-000000000001", json=ANN)
    assert reply.status_code == 404


async def test_no_event_carries_a_name(floor: Floor) -> None:
    await floor.shift()
    said = [event.model_dump_json() for event in await floor.said()]
    assert len(said) == 1
    assert "Canary" not in said[0]
