"""Two processes of the room on one PostgreSQL: what both are asked at the same moment happens once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from deploy.dev.postgres import PostgresServer
from services.booking.store import queries
from shared.events.booking import VisitRequested
from shared.events.intake import BookingAccepted
from tests.booking.desk import Desk, booking, open_desk
from tests.booking.test_over_the_bus import answers, sent
from tests.databases import empty

pytestmark = pytest.mark.postgres


@pytest.fixture
async def desks(
    tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Desk, Desk]]:
    """Two rooms with nothing in common but the database and the key file; each has a bus of its own."""
    await empty(postgres_server, "booking")
    monkeypatch.setenv("ROUNDS_DATABASE_URL", postgres_server.template.replace("rounds_", "tests_"))
    monkeypatch.setenv("BOOKING_KEK_FILE", str(tmp_path / "kek"))
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(open_desk(tmp_path / "one"))
        yield one, await stack.enter_async_context(open_desk(tmp_path / "two"))


async def at_both(desks: tuple[Desk, Desk], *posts: tuple[object, str]) -> list[httpx.Response]:
    """Send each post to both, all at the same moment."""
    return await asyncio.gather(*(desk.post(body, key) for body, key in posts for desk in desks))


async def test_one_key_at_both_makes_one_booking_and_one_reply(desks: tuple[Desk, Desk]) -> None:
    keys = [f"key-{number}" for number in range(30)]
    replies = await at_both(desks, *((booking(), key) for key in keys))
    assert {reply.status_code for reply in replies} == {201}
    pairs = list(zip(replies[::2], replies[1::2], strict=True))
    assert all(one.content == other.content for one, other in pairs)
    assert Counter(reply.headers.get("idempotency-replayed") for reply in replies) == {None: 30, "true": 30}
    assert len([event for event in await desks[0].said() if isinstance(event, VisitRequested)]) == 30


async def test_one_key_with_two_bodies_books_one_of_them(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    pairs = [(one.post(booking(), f"k{n}"), other.post(booking(services=["cbc"]), f"k{n}")) for n in range(20)]
    replies = await asyncio.gather(*(post for pair in pairs for post in pair))
    for pair in zip(replies[::2], replies[1::2], strict=True):
        assert sorted(reply.status_code for reply in pair) == [201, 422]


async def test_one_reference_under_two_keys_is_one_booking(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    # In opposite orders, so that each holds what the other wants.
    numbers = range(20)
    posts = [one.post(booking(reference=f"R{n}"), f"one-{n}") for n in numbers]
    posts += [other.post(booking(reference=f"R{n}"), f"other-{n}") for n in reversed(numbers)]
    replies = await asyncio.gather(*posts)
    assert Counter(reply.status_code for reply in replies) == {201: 20, 409: 20}
    refused = {reply.json()["type"] for reply in replies if reply.status_code == 409}
    assert refused == {"/problems/reference-exists"}


async def test_a_patient_new_to_both_is_one_patient(desks: tuple[Desk, Desk]) -> None:
    posts = []
    for number in range(10):
        patient = {**booking()["patient"], "reference": f"P-{number}"}
        posts += [desk.post(booking(patient=patient, services=["cbc"]), str(uuid4())) for desk in desks]
    replies = await asyncio.gather(*posts)
    assert {reply.status_code for reply in replies} == {201}
    patients = [reply.json()["patient_id"] for reply in replies]
    assert patients[::2] == patients[1::2]
    assert len(set(patients)) == 10


async def test_a_shot_and_a_level_booked_at_both_do_not_both_pass_the_rule(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    for number in range(5):
        patient = {**booking()["patient"], "reference": f"P-{number}"}
        await one.book(patient=patient, services=["cbc"])
        level = booking(patient=patient, services=["b12-level"], windows=None, any_time_on=["2030-05-10"])
        replies = await asyncio.gather(one.post(booking(patient=patient)), other.post(level, f"level-{number}"))
        assert sorted(reply.status_code for reply in replies) == [201, 422]


async def test_the_bus_and_http_meet_on_a_reference(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    count = 10
    await one.house.bus.publish([sent(booking(reference=f"R{n}"), f"order-{n}") for n in range(count)])
    replies = await asyncio.gather(*(other.post(booking(reference=f"R{n}"), f"http-{n}") for n in range(count)))
    by_bus = {answer.request_id for answer in await answers(one, count) if isinstance(answer, BookingAccepted)}
    by_http = {f"order-{n}" for n, reply in enumerate(replies) if reply.status_code == 201}
    assert by_bus.isdisjoint(by_http)
    assert len(by_bus | by_http) == count


async def test_an_erasure_meets_changes_of_the_same_patient_and_everybody_is_answered(
    desks: tuple[Desk, Desk],
) -> None:
    one, other = desks
    for number in range(10):
        body = await one.book(patient={**booking()["patient"], "reference": f"P-{number}"})
        path = f"/v1/bookings/{body['booking_id']}"
        moved = {"street": f"{number} Oak St", "postcode": "43002"}
        replies = await asyncio.gather(
            one.client.put(f"{path}/address", json=moved),
            other.client.post(f"{path}/cancel", json={}),
            other.client.post(f"{path}/reschedule", json={"any_time_on": ["2030-05-09"]}),
            one.client.delete(f"/v1/patients/{body['patient_id']}"),
            other.client.delete(f"/v1/patients/{body['patient_id']}"),
        )
        allowed = [{200, 404, 409}, {200}, {200, 409}, {204, 409}, {204, 409}]
        for reply, expected in zip(replies, allowed, strict=True):
            assert reply.status_code in expected, reply.text
        assert (await other.client.delete(f"/v1/patients/{body['patient_id']}")).status_code == 204


async def test_a_request_that_the_database_refuses_sinks_no_neighbour(
    desks: tuple[Desk, Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = queries.insert_bookings

    async def refuse_one(session: object, new: object) -> None:
        await insert(session, new)  # type: ignore[arg-type]
        if any(one.booking.reference == "R7" for one in new):  # type: ignore[attr-defined]
            raise ValueError("the database will not have it")

    monkeypatch.setattr(queries, "insert_bookings", refuse_one)
    replies = await asyncio.gather(*(desks[0].post(booking(reference=f"R{n}")) for n in range(20)))
    assert [reply.status_code for reply in replies] == [500 if n == 7 else 201 for n in range(20)]
