"""Bad input to the whole house: a sentence, an exit code or a problem document, and nothing acknowledged is lost."""

import datetime as dt
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from services.sample.addresses import Address
from shared.bus.dead_letters import DeadLetter, list_dead_letters
from shared.bus.log import LogBus
from shared.bus.port import Message
from shared.clock import new_id
from shared.events.topics import VISITS
from shared.http import MAX_BODY_BYTES
from tests.flow.conftest import AREA, Desk, soon
from tests.flow.process import rounds, up

LISTENERS = {"board", "dispatch", "geocoding", "nurse_app", "routing"}
"""Who reads what booking says."""
NO_CLOUD_EVENT = (
    "Header ce_specversion, ce_id, ce_type, ce_source, ce_time is missing. "
    "The producer must send CloudEvents in Kafka binary mode."
)


def test_a_catalogue_with_an_unknown_skill_stops_the_start_and_names_the_line(data: Path, tmp_path: Path) -> None:
    catalogue = tmp_path / "mine.yaml"
    catalogue.write_text(
        "skills: [injection]\nlicences: [RN]\norder_of_doing: [shot]\nservices:\n"
        "  - {code: mine, name: Mine, kind: shot, duration_minutes: 5, skills: [injektion], licences: [RN]}\n"
    )
    done = rounds("up", "--data", str(data), "--port", "0", BOOKING_CATALOGUE=str(catalogue))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"rounds: .*mine\.yaml:5.*injektion.*injection", done.stderr, re.DOTALL), done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_told_with_what_to_do(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = rounds("up", "--data", str(data), "--port", port)
    assert done.returncode == 2
    assert f"rounds: Cannot listen on 127.0.0.1:{port}: Address already in use." in done.stderr
    assert "give another --port" in done.stderr


def test_a_data_directory_in_use_by_another_process_is_left_alone(data: Path) -> None:
    with up(data) as url:
        second = rounds("up", "--data", str(data), "--port", "0")
        assert second.returncode == 2
        assert f"rounds: Another Rounds runs on {data}. Stop it first" in second.stderr
        assert httpx.get(f"{url}/v1/services").is_success
        assert json.loads((data / "server.json").read_text())["url"] == url
    assert not (data / "server.json").exists()


def test_a_body_of_ten_megabytes_is_refused_over_the_wire(data: Path) -> None:
    with up(data) as url:
        reply = httpx.post(f"{url}/v1/bookings", content=b" " * 10_000_000, headers={"idempotency-key": '"big"'})
    assert (reply.status_code, reply.headers["content-type"]) == (413, "application/problem+json")
    assert f"larger than {MAX_BODY_BYTES:,} bytes" in reply.json()["detail"]


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "is empty"), (b"OpenStreetMap, but not really", "damaged.osm.pbf")]
)
def test_an_extract_that_is_none_leaves_no_area(tmp_path: Path, content: bytes, sentence: str) -> None:
    extract = tmp_path / "damaged.osm.pbf"
    extract.write_bytes(content)
    names = ("--id", "nowhere", "--timezone", "America/New_York")
    done = rounds("area", "build", str(extract), *names, "--data", str(tmp_path / "data"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert sentence in done.stderr
    assert rounds("area", "list", "--json", "--data", str(tmp_path / "data")).stdout == ""


async def test_an_address_in_another_state_waits_for_a_person_as_outside(desk: Desk, addresses: list[Address]) -> None:
    house = addresses[500]
    booking = await desk.book(f"{house.number} {house.street}, Austin, TX 78701")
    pending = await desk.until_status(booking, "pending")
    assert [reason["code"] for reason in pending["reasons"]] == ["outside"]
    (item,) = (await desk.ask("GET", "/v1/places/review", params={"area_id": AREA}))["items"]
    assert (item["visit_id"], item["candidates"]) == (booking["visit_id"], [])


async def test_an_event_that_does_not_parse_is_buried_and_the_others_go_on(
    desk: Desk, addresses: list[Address]
) -> None:
    await desk.add_nurse("N01", addresses[0])
    booking = await desk.book(addresses[500])
    key = booking["visit_id"].encode()  # the lane of a good visit
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": str(new_id()).encode(),
        "ce_type": b"rounds.booking.visit-changed.v1",
        "ce_source": b"/rounds/elsewhere",
        "ce_time": b"2030-05-06T12:00:00+00:00",
    }
    await desk.house.bus.publish([Message(VISITS, key, b'{"visit_id": 7', headers), Message(VISITS, key, b"\x00", {})])
    await desk.until_status(booking, "booked")
    later = {"any_time_on": [(desk.date + dt.timedelta(days=1)).isoformat()]}
    await desk.ask("POST", f"/v1/bookings/{booking['booking_id']}/reschedule", later)

    async def replanned() -> str | None:
        reasons = (await desk.booking(booking))["reasons"]
        return reasons[0]["code"] if reasons else None

    assert await soon(replanned, "the plan of the other day") == "no_skill"

    async def buried() -> list[DeadLetter] | None:
        letters = await list_dead_letters(desk.house.bus)
        return letters if {letter.place.group for letter in letters} == LISTENERS else None

    letters = await soon(buried, "the poison among the dead letters")
    assert {letter.reason for letter in letters} == {
        "The body of rounds.booking.visit-changed.v1 is not JSON.",
        NO_CLOUD_EVENT,
    }


async def test_a_full_disk_refuses_bookings_loses_none_and_goes_on_when_there_is_room(
    desk: Desk, addresses: list[Address]
) -> None:
    await desk.add_nurse("N01", addresses[0])
    acknowledged = [await desk.book(addresses[500])]
    await desk.until_status(acknowledged[0], "booked")
    houses = iter(addresses[600:700])
    async with full_disk(desk, application(desk)):
        while (reply := await desk.http.post("/v1/bookings", **a_booking(desk, house := next(houses)))).is_success:
            acknowledged.append(reply.json())
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
        assert reply.json()["detail"].startswith("The disk is full. Nothing was changed.")
        assert (await desk.booking(acknowledged[0]))["status"] == "booked"
    again = await desk.http.post("/v1/bookings", **a_booking(desk, house))
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)
    for booking in (*acknowledged, again.json()):
        await desk.until_status(booking, "booked")
    listed = await desk.ask("GET", "/v1/bookings", params={"limit": 200})
    assert len(listed["items"]) == len(acknowledged) + 1


def a_booking(desk: Desk, house: Address) -> dict[str, Any]:
    """A request to book a house, under a key of its own, with a note that takes room."""
    line = f"{house.number} {house.street}, {house.city}, OH {house.postcode}"
    body = {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Sample", "birth_date": "1980-04-12"},
        "address": {"line": line},
        "any_time_on": [desk.date.isoformat()],
        "area_id": AREA,
        "notes": "x" * 1_000,
    }
    return {"json": body, "headers": {"idempotency-key": f'"{line}"'}}


def application(desk: Desk) -> FastAPI:
    """The application behind the desk's client."""
    transport = desk.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, FastAPI)
    return transport.app


@asynccontextmanager
async def full_disk(desk: Desk, app: FastAPI) -> AsyncIterator[None]:
    """Let no file of the system grow: neither a room's database nor the bus."""
    await limit_files(desk, app, None)
    try:
        yield
    finally:
        await limit_files(desk, app, 1_000_000)


async def limit_files(desk: Desk, app: FastAPI, pages: int | None) -> None:
    """Let every file grow to so many pages; None: no more than it has."""
    for state in app.state.rooms.values():
        async with state.db.transaction() as session:
            connection = await session.connection()
            limit = pages or await connection.scalar(text("PRAGMA page_count"))
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {limit}")
    assert isinstance(desk.house.bus, LogBus)
    log = desk.house.bus._open_log
    assert log is not None
    limit = pages or await log.maintain(lambda file: file._db.execute("PRAGMA page_count").fetchone()[0])
    await log.maintain(lambda file: file._db.execute(f"PRAGMA max_page_count = {limit}"))
