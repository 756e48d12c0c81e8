"""Patients' keys: handed out on record, deleted for good."""

from uuid import UUID

import pytest
from sqlmodel import select

from services.booking.store.models import KeyAccessRow, PatientRow, VisitRow
from shared.events.booking import VisitRequested
from shared.events.ids import PatientId
from shared.security.keys import PeerKeys
from shared.security.seal import SealError, open_sealed
from tests.booking.desk import Desk

PATIENT = {"reference": "P-1", "first_name": "Ada", "last_name": "Canary", "birth_date": "1980-04-12"}


async def keys(desk: Desk, *patients: str, room: str = "geocoding") -> dict[PatientId, bytes]:
    peer = desk.house.peers.client(room, "booking")
    return await PeerKeys(peer, "locate", desk.clock).get([PatientId(UUID(patient)) for patient in patients])


async def test_every_key_handed_out_is_on_record_with_who_what_for_and_when(desk: Desk) -> None:
    first, second = (await desk.book())["patient_id"], (await desk.book())["patient_id"]
    await keys(desk, first, second, room="board")
    await keys(desk, first, str(UUID(int=1)))
    async with desk.state.db.reading() as session:
        rows = (await session.exec(select(KeyAccessRow))).all()
    assert sorted((str(row.patient_id), row.room, row.purpose, row.at) for row in rows) == sorted(
        [
            (first, "board", "locate", desk.clock.now),
            (second, "board", "locate", desk.clock.now),
            (first, "geocoding", "locate", desk.clock.now),
        ]
    )


async def test_each_patient_has_a_key_of_their_own(desk: Desk) -> None:
    await desk.book()
    other = (await desk.book())["patient_id"]
    event = (await desk.said())[0]
    assert isinstance(event, VisitRequested)
    with pytest.raises(SealError):
        open_sealed((await keys(desk, other))[PatientId(UUID(other))], event.address, "address")


async def test_keys_are_for_the_rooms_of_the_house_only(desk: Desk) -> None:
    body = {"patient_ids": [(await desk.book())["patient_id"]], "purpose": "locate"}
    assert (await desk.client.post("/internal/patient-keys", json=body)).status_code == 401
    forged = {"authorization": "Bearer nonsense"}
    assert (await desk.client.post("/internal/patient-keys", json=body, headers=forged)).status_code == 401


async def test_a_purpose_is_a_code(desk: Desk) -> None:
    headers = {"authorization": f"Bearer {desk.house.tokens.for_service('board')}"}
    body = {"patient_ids": [], "purpose": "because Ada asked"}
    reply = await desk.client.post("/internal/patient-keys", json=body, headers=headers)
    assert (reply.status_code, reply.json()["fields"][0]["field"]) == (422, "purpose")


async def test_a_patient_with_open_bookings_is_not_erased(desk: Desk) -> None:
    body = await desk.book()
    reply = await desk.client.delete(f"/v1/patients/{body['patient_id']}")
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/patient-has-bookings")
    assert body["booking_id"] in reply.json()["detail"]


async def test_an_erased_patient_leaves_codes_and_times_and_nothing_that_opens(desk: Desk) -> None:
    body = await desk.book(patient=PATIENT, notes="Ring twice.")
    await desk.client.post(f"/v1/bookings/{body['booking_id']}/cancel", json={})
    path = f"/v1/patients/{body['patient_id']}"
    assert [(await desk.client.delete(path)).status_code for _ in range(2)] == [204, 204]
    assert await keys(desk, body["patient_id"]) == {}
    async with desk.state.db.reading() as session:
        patient = (await session.exec(select(PatientRow))).one()
        visit = (await session.exec(select(VisitRow))).one()
    assert (patient.wrapped_key, patient.profile, patient.reference_index) == (None, None, None)
    assert (visit.name, visit.address, visit.notes) == (None, None, None)
    assert (await desk.read(body["booking_id"]))["status"] == "cancelled"


async def test_an_erased_patient_who_comes_again_is_a_new_one(desk: Desk) -> None:
    before = await desk.book(patient=PATIENT)
    await desk.client.post(f"/v1/bookings/{before['booking_id']}/cancel", json={})
    await desk.client.delete(f"/v1/patients/{before['patient_id']}")
    after = await desk.book(patient=PATIENT)
    assert after["patient_id"] != before["patient_id"]
    assert list(await keys(desk, before["patient_id"], after["patient_id"])) == [UUID(after["patient_id"])]


async def test_a_patient_who_is_not_there_is_not_found(desk: Desk) -> None:
    assert (await desk.client.delete(f"/v1/patients/{UUID(int=3)}")).status_code == 404
