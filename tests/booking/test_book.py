"""POST /v1/bookings: what is taken, what is said of it, and that one key makes one booking."""

import asyncio
import datetime as dt
from unittest.mock import patch

import pytest

from services.booking.housekeeping import forget_expired_keys
from services.booking.store import queries
from shared.events.booking import VisitRequested
from shared.events.values import Sealed
from shared.security.keys import PeerKeys
from shared.security.seal import open_sealed
from tests.booking.desk import Desk, booking, until


async def count(desk: Desk) -> int:
    return len((await desk.client.get("/v1/bookings", params={"limit": 200})).json()["items"])


async def test_a_booking_is_taken_as_proposed_with_what_its_visit_needs(desk: Desk) -> None:
    reply = await desk.post(booking(services=["b12-im-1000", "b12-level"], reference="SHOP-1", priority="urgent"))
    body = reply.json()
    assert reply.status_code == 201
    assert reply.headers["location"] == f"/v1/bookings/{body['booking_id']}"
    assert body["status"] == "proposed"
    assert body["services"] == ["b12-level", "b12-im-1000"], "blood is drawn before the injection"
    assert body["duration_minutes"] == 40
    assert body["windows"] == [{"start": "2030-05-06T13:00:00Z", "end": "2030-05-06T16:00:00Z"}]
    assert (body["area_id"], body["reference"], body["priority"]) == ("maple", "SHOP-1", "urgent")
    assert await desk.read(body["booking_id"]) == body


async def test_the_visit_is_said_with_sealed_fields_that_only_the_patients_key_opens(desk: Desk) -> None:
    body = await desk.book(notes="Ring the side door.", preferred_nurses=["N07"], excluded_nurses=["N08"])
    (event,) = await desk.said()
    assert isinstance(event, VisitRequested)
    assert (str(event.visit_id), event.aggregate_version, event.address_version) == (body["visit_id"], 1, 1)
    assert (event.services, event.duration) == (("b12-im-1000",), dt.timedelta(minutes=20))
    assert (event.skills, event.licence_options) == (("injection",), (("RN", "LVN", "LPN"),))
    assert (event.preferred_nurses, event.excluded_nurses) == (("N07",), ("N08",))
    peer = desk.house.peers.client("geocoding", "booking")
    key = (await PeerKeys(peer, "locate", desk.clock).get([event.patient_id]))[event.patient_id]
    assert open_sealed(key, event.patient_name, "patient_name") == "Ada"
    assert open_sealed(key, event.address, "address") == "12 Maple Ave, Unit 3B, Maple Falls, OH 43001"
    assert isinstance(event.notes, Sealed)
    assert open_sealed(key, event.notes, "notes") == "Ring the side door."


async def test_the_same_key_and_body_get_the_same_reply_and_one_booking(desk: Desk) -> None:
    first = await desk.post(booking(), "k1")
    again = await desk.post(booking(), "k1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert (first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")) == (None, "true")
    assert await count(desk) == len(await desk.said()) == 1


async def test_a_stored_reply_is_given_even_when_the_window_has_passed_or_the_system_was_restarted(desk: Desk) -> None:
    first = await desk.post(booking(), "k1")
    desk.clock.now += dt.timedelta(days=6)
    desk.state.running.clear()
    again = await desk.post(booking(), "k1")
    assert again.content == first.content


async def test_a_field_that_says_its_default_makes_no_other_payload(desk: Desk) -> None:
    await desk.post(booking(), "k1")
    again = await desk.post(booking(priority="routine", preferred_nurses=[], first_dose=False), "k1")
    assert again.headers["idempotency-replayed"] == "true"


async def test_the_same_key_with_another_body_is_refused(desk: Desk) -> None:
    first = await desk.post(booking(), "k1")
    other = await desk.post(booking(services=["cbc"]), "k1")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert first.json()["booking_id"] in other.json()["detail"]
    assert await count(desk) == 1


async def test_a_second_request_while_the_first_is_worked_on_is_told_to_wait(desk: Desk) -> None:
    async with desk.state.db.transaction():  # holds the one writer, so the first request cannot end
        first = asyncio.create_task(desk.post(booking(), "k1"))
        await until(lambda: bool(desk.state.running))
        second = await desk.post(booking(), "k1")
    assert (second.status_code, second.json()["type"]) == (409, "/problems/idempotency-key-in-use")
    assert second.headers["retry-after"] == "1"
    assert (await first).status_code == 201
    assert (await desk.post(booking(), "k1")).headers["idempotency-replayed"] == "true"
    assert await count(desk) == 1


async def test_a_key_taken_by_another_process_between_look_and_insert_is_found_at_the_second_look(desk: Desk) -> None:
    first = await desk.post(booking(), "k1")
    look, looks = queries.known_bookings, []

    async def blind_at_first(*args: object) -> object:
        looks.append(args)
        return [] if len(looks) == 1 else await look(*args)  # type: ignore[arg-type]

    with patch.object(queries, "known_bookings", blind_at_first):
        again = await desk.post(booking(), "k1")
    assert (again.status_code, again.content, len(looks)) == (201, first.content, 2)


async def test_a_refused_request_may_be_corrected_under_its_key(desk: Desk) -> None:
    assert (await desk.post(booking(services=["nothing"]), "k1")).status_code == 422
    assert (await desk.post(booking(), "k1")).status_code == 201


async def test_an_expired_key_is_forgotten_and_its_booking_stays(desk: Desk) -> None:
    body = (await desk.post(booking(), "k1")).json()
    async with desk.state.db.transaction() as session:
        await queries.forget_replies(session, desk.clock() + dt.timedelta(seconds=1))
    again = await desk.post(booking(), "k1")
    assert again.json()["booking_id"] != body["booking_id"]
    assert (await desk.read(body["booking_id"]))["status"] == "proposed"


@pytest.mark.parametrize(
    ("header", "slug"),
    [
        (None, "idempotency-key-missing"),
        ("unquoted", "idempotency-key-malformed"),
        ('""', "idempotency-key-malformed"),
        ('"a"b"', "idempotency-key-malformed"),
        (f'"{"x" * 256}"', "idempotency-key-malformed"),
    ],
)
async def test_a_key_is_required_as_a_string_in_quotes(desk: Desk, header: str | None, slug: str) -> None:
    headers = {} if header is None else {"Idempotency-Key": header}
    reply = await desk.client.post("/v1/bookings", json=booking(), headers=headers)
    assert (reply.status_code, reply.json()["type"]) == (400, f"/problems/{slug}")
    assert 'Idempotency-Key: "8e03978e-40d5"' in reply.json()["detail"]


async def test_one_reference_is_one_booking(desk: Desk) -> None:
    first = await desk.book(reference="SHOP-1")
    second = await desk.post(booking(reference="SHOP-1", services=["cbc"]))
    assert (second.status_code, second.json()["type"]) == (409, "/problems/reference-exists")
    assert first["booking_id"] in second.json()["detail"]


async def test_a_patient_known_by_reference_is_one_patient(desk: Desk) -> None:
    patient = {**booking()["patient"], "reference": "P-1"}
    moved = {**patient, "last_name": "Married", "phone": "+1 555 0199"}
    first, second = await desk.book(patient=patient, services=["cbc"]), await desk.book(patient=moved, services=["cbc"])
    stranger = await desk.book(services=["cbc"])
    assert first["patient_id"] == second["patient_id"] != stranger["patient_id"]


async def test_a_level_soon_after_a_known_patients_shot_is_refused_until_that_is_cancelled(desk: Desk) -> None:
    patient = {**booking()["patient"], "reference": "P-1"}
    shot = await desk.book(patient=patient, services=["b12-im-1000"])
    level = booking(patient=patient, services=["b12-level"], windows=None, any_time_on=["2030-05-10"])
    refused = await desk.post(level)
    assert refused.status_code == 422
    assert refused.json()["fields"] == [
        {
            "field": "windows",
            "message": "The b12 level may be drawn within 14 days after another visit's injection.",
            "remedy": "Book both as one visit (blood is drawn first), or choose 2030-05-21 or later.",
        }
    ]
    await desk.client.post(f"/v1/bookings/{shot['booking_id']}/cancel", json={})
    assert (await desk.post(level)).status_code == 201


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)  # its files can be read
async def test_names_and_addresses_are_nowhere_in_the_clear(desk: Desk) -> None:
    canaries = {"first_name": "Zerlina", "last_name": "Quibblewick", "phone": "+1 555 0177", "email": "zq@canary.org"}
    patient = {**booking()["patient"], **canaries, "reference": "PAT-REF-77"}
    street = {"street": "77 Xylophone Row", "postcode": "43001"}
    body = await desk.book(patient=patient, address=street, notes="Beware of the ocelot")
    await desk.client.put(f"/v1/bookings/{body['booking_id']}/address", json={**street, "unit": "Wombat Wing"})
    kept = b"".join(path.read_bytes() for path in desk.house.data.glob("*.sqlite*"))
    for canary in (*canaries.values(), "1980-04-12", "PAT-REF-77", "Xylophone", "ocelot", "Wombat"):
        assert canary.encode() not in kept, canary
    assert body["visit_id"].replace("-", "").encode() in kept, "the look would have found it"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"services": []}, "services"),
        ({"services": None}, "services"),
        ({"services": ["b12-im-100"]}, "services.0"),
        ({"services": ["cbc", "cbc"]}, "services.1"),
        ({"patient": {"first_name": "Ada", "last_name": "C", "birth_date": "2015-01-01"}}, "patient.birth_date"),
        ({"patient": {"first_name": "Ada", "last_name": "C"}}, "patient.birth_date"),
        ({"address": {"city": "Maple Falls"}}, "address.street"),
        ({"address": {"street": "1 A St", "line": "1 A St, Maple Falls"}}, "address.line"),
        ({"area_id": "nowhere"}, "area_id"),
        ({"preferred_nurses": ["N1"], "excluded_nurses": ["N1"]}, "excluded_nurses"),
        ({"priority": "soon"}, "priority"),
        ({"windows": None}, "windows"),
        ({"any_time_on": ["2030-05-06"]}, "windows"),
        ({"windows": [{"start": "2030-05-06T09:00", "end": "2030-05-06T12:00:00Z"}]}, "windows.0.start"),
        ({"windows": [{"start": "tomorrow", "end": "2030-05-06T12:00:00Z"}]}, "windows.0.start"),
        ({"windows": [{"start": "2030-04-06T09:00:00Z", "end": "2030-04-06T12:00:00Z"}]}, "windows.0"),
        ({"notes": "x" * 2001}, "notes"),
        ({"patinet": {}}, "patinet"),
    ],
)
async def test_a_refusal_names_the_field_and_a_remedy_and_changes_nothing(
    desk: Desk, changes: dict[str, object], field: str
) -> None:
    reply = await desk.post(booking(**changes))
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    (named,) = reply.json()["fields"]
    assert named["field"] == field
    assert named["message"]
    assert named["remedy"]
    assert await count(desk) == len(await desk.said()) == 0


@pytest.mark.parametrize(
    ("content", "content_type", "status", "said"),
    [
        (b"{", "application/json", 422, "The body is not valid JSON."),
        (b"[]", "application/json", 422, "Input should be an object"),
        (b"{}", "text/plain", 415, "Content-Type is text/plain."),
        (b"{}", None, 415, "Content-Type is missing."),
        (b'{"notes": "\xe9"}', "application/json", 400, "The body is not UTF-8: byte 12 cannot be read."),
        (b"{}", "application/json; charset=latin-1", 400, "The body is declared as latin-1."),
        (b"x" * 10_000_000, "application/json", 413, "The body is larger than 1,000,000 bytes."),
        (b"", "application/json", 422, "The body is not valid JSON."),
    ],
)
async def test_a_body_that_cannot_be_read_is_told_why(
    desk: Desk, content: bytes, content_type: str | None, status: int, said: str
) -> None:
    headers = {"Idempotency-Key": '"k1"'} | ({"Content-Type": content_type} if content_type else {})
    reply = await desk.client.post("/v1/bookings", content=content, headers=headers)
    assert reply.status_code == status
    told = [reply.json()["detail"], *(field["message"] for field in reply.json().get("fields", []))]
    assert any(said in sentence for sentence in told), told


async def test_many_at_once_are_all_taken(desk: Desk) -> None:
    replies = await asyncio.gather(*(desk.post(booking(reference=f"R{n}")) for n in range(40)))
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.json()["booking_id"] for reply in replies}) == await count(desk) == 40


@pytest.mark.parametrize(("age", "kept"), [(dt.timedelta(days=7), True), (dt.timedelta(days=7, seconds=1), False)])
async def test_the_room_itself_forgets_keys_after_a_week(desk: Desk, age: dt.timedelta, *, kept: bool) -> None:
    await desk.post(booking(), "k1")
    desk.clock.now += age
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(forget_expired_keys(desk.state, stop))
        await asyncio.sleep(0)  # let it begin; it ends its round before it looks at the stop again
        stop.set()
    async with desk.state.db.reading() as session:
        known = await queries.known_bookings(session, {desk.state.vault.digest("idempotency-key", "k1")}, set())
    assert bool(known) is kept
