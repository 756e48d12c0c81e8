"""``make up`` and ``make down``: the whole system of processes, from a booking to the tap, and after kills."""

import asyncio
import datetime as dt
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy.dev.kafka.jars import jars
from deploy.dev.postgres import PostgresServer
from deploy.dev.system.record import Record, read
from deploy.dev.system.supervisor import record_file
from deploy.dev.unavailable import Unavailable
from services.sample.addresses import Address
from shared.areas import load_areas
from shared.client import found_system
from shared.clock import new_id
from tests.flow.conftest import AREA, soon
from tests.flow.process import rounds
from tests.processes.crew import book, request

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


def system(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "deploy.dev.system", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env={**os.environ, "COLUMNS": "1000"},
    )


@pytest.fixture
def running(data: Path, postgres_server: PostgresServer) -> Iterator[Path]:
    """A system with two processes of dispatch, started by the command; ended by the command."""
    del postgres_server  # skips where there is none
    try:
        jars()
    except Unavailable as error:
        pytest.skip(f"skipped: {error}")
    done = system("up", "--data", str(data), "--port", "0", "--count", "dispatch=2", "--bare")
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield data
    finally:
        system("down", "--data", str(data))


class Office:
    """A booking system, a dispatcher and a nurse at the running system's addresses."""

    def __init__(self, data: Path, http: httpx.AsyncClient) -> None:
        self.data = data
        self.http = http
        self.rooms = found_system(data).rooms
        area = load_areas(data)[AREA]
        self.date = area.local_date(dt.datetime.now(dt.UTC)) + dt.timedelta(days=7)
        self._zone = area.zone

    async def add_nurse(self, home: Address) -> None:
        """Add a nurse with a shift from 8 to 16."""
        who = {"nurse_ref": "N01", "name": "Nurse One", "skills": ["injection", "venipuncture"], "licences": ["RN:OH"]}
        nurse_id = (await self._post("dispatch", "/v1/nurses", who))["nurse_id"]
        point = {"lat": home.lat, "lon": home.lon}
        start, end = (dt.datetime.combine(self.date, dt.time(hour), self._zone).isoformat() for hour in (8, 16))
        shift = {"nurse_id": nurse_id, "area_id": AREA, "start": start, "end": end, "breaks": []}
        await self._post("dispatch", "/v1/shifts", {**shift, "start_point": point, "end_point": point})

    async def _post(self, room: str, path: str, body: object) -> dict[str, Any]:
        reply = await self.http.post(f"{self.rooms[room][0]}{path}", json=body)
        assert reply.is_success, reply.text
        return dict(reply.json())

    async def book(self, house: Address) -> str:
        """Book a visit; return its id."""
        reply = await book(self.http, self.rooms["booking"], str(new_id()), request(house, self.date))
        assert reply.status_code == 201, reply.text
        return str(reply.json()["visit_id"])

    async def assigned(self, visit_id: str) -> None:
        """Wait until a nurse has the visit."""

        async def look() -> bool | None:
            where = {"area_id": AREA, "date": self.date.isoformat()}
            for door in self.rooms["dispatch"]:
                try:
                    found = (await self.http.get(f"{door}/v1/assignments", params=where)).json()["assignments"]
                except (httpx.TransportError, KeyError):
                    continue
                return True if visit_id in {entry["visit_id"] for entry in found} else None
            return None

        await soon(look, f"an assignment of {visit_id}")

    async def board_shows(self, words: str) -> str:
        """Wait until the board's page has some words on it; return the page."""

        async def look() -> str | None:
            try:
                page = (await self.http.get(f"{self.rooms['board'][0]}/board/{AREA}/{self.date}")).text
            except httpx.TransportError:
                return None
            return page if words in page else None

        return await soon(look, f"{words} on the board")


async def test_a_booking_goes_through_every_process_to_the_nurse_and_back(
    running: Path, addresses: Sequence[Address]
) -> None:
    async with httpx.AsyncClient(timeout=30) as http:
        office = Office(running, http)
        await office.add_nurse(addresses[0])
        visit_id = await office.book(addresses[40])
        await office.assigned(visit_id)
        link = _nurse_link(await office.board_shows("/n/"), office)
        page = await soon(lambda: _page_with(http, link, "Ada"), "the patient's name on the nurse's page")
        assert "/vendor/htmx.org/dist/htmx.min.js" in page
        assert (await http.get(f"{office.rooms['nurse_app'][0]}/vendor/htmx.org/dist/htmx.min.js")).is_success

        for act in ("accept", "en_route", "arrived", "done"):
            reply = await http.post(f"{link}/acts", json={"act_id": str(new_id()), "visit_id": visit_id, "act": act})
            assert reply.is_success, reply.text
        await office.board_shows("<b>1</b> done")

        shown = rounds("plan", "show", AREA, office.date.isoformat(), "--data", str(running))
        assert (shown.returncode, "1 visits on 1 routes" in shown.stdout) == (0, True), shown.stdout + shown.stderr
        told = rounds("events", "tail", "--from-start", "--no-follow", "--json", "--data", str(running))
        assert visit_id in told.stdout, told.stderr
        assert "It runs already." in system("up", "--data", str(running)).stdout

        # Every process of every room dies once; nothing is lost, and what comes next goes the whole way.
        before = _on_record(running)
        booked = [await office.book(addresses[80])]
        for known in before.rooms.values():
            os.kill(known.pid, signal.SIGKILL)
        await soon(lambda: _all_anew(running, before), "the supervisor to start every room again")
        booked.append(await office.book(addresses[120]))
        for each in booked:
            await office.assigned(each)
        await office.board_shows("<b>3</b> bookings")

        # The supervisor dies too; what it left is found and ended.
        record = _on_record(running)
        os.kill(record.supervisor.pid, signal.SIGKILL)
        await soon(lambda: _gone(record), "the supervisor to be gone")
        assert system("down", "--data", str(running)).returncode == 0
        left = [known.process() for known in (*record.rooms.values(), *record.servers.values())]
        assert left == [None] * 9


def _nurse_link(page: str, office: Office) -> str:
    start = page.index(f"{office.rooms['nurse_app'][0]}/n/")
    return page[start : page.index('"', start)]


async def _page_with(http: httpx.AsyncClient, link: str, words: str) -> str | None:
    page = (await http.get(link)).text
    return page if words in page else None


def _on_record(data: Path) -> Record:
    record = read(record_file(data))
    assert record is not None
    return record


async def _all_anew(data: Path, before: Record) -> bool | None:
    now = _on_record(data)
    if set(now.rooms) != set(before.rooms) or set(now.rooms.values()) & set(before.rooms.values()):
        return None
    async with httpx.AsyncClient() as http:
        urls = [url for urls in found_system(data).rooms.values() for url in urls]
        try:
            return all([(await http.get(f"{url}/readyz")).is_success for url in urls]) or None
        except httpx.TransportError:
            return None


async def _gone(record: Record) -> bool | None:
    await asyncio.sleep(0)
    return not psutil.pid_exists(record.supervisor.pid) or not record.runs or None


def test_a_port_that_is_taken_is_told_before_anything_starts(data: Path) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        port = somebody.getsockname()[1]
        done = system("up", "--data", str(data), "--port", str(port), "--bare")
    assert done.returncode == 2
    assert f"Somebody listens on {port} (board-0) already." in done.stderr
    assert not record_file(data).exists()


def test_down_where_nothing_runs_says_so(tmp_path: Path) -> None:
    done = system("down", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, f"Nothing runs on {tmp_path}.\n")


@pytest.mark.parametrize("count", ["routing", "kitchen=1", "routing=0"])
def test_a_count_that_cannot_be_is_told_so(tmp_path: Path, count: str) -> None:
    done = system("up", "--data", str(tmp_path), "--count", count)
    assert done.returncode == 2
    assert done.stderr.startswith("rounds: ")
