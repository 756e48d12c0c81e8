"""``rounds trace`` beside a running system."""

import json
import time
from pathlib import Path

import httpx

from services.trace_cli import ROOMS
from shared.client import RunningSystem, announced
from shared.clock import new_id
from tests.cli.conftest import Rounds, Running

PATIENCE = 60.0


def booking_on_phone(rounds: Rounds, system: Running) -> dict[str, object]:
    """The told story of the system's booking, once it has reached the nurse's page."""
    listed = httpx.get(f"{system.url}/v1/bookings", params={"area_id": "harlan-mills-oh"}, timeout=30).json()
    (booking,) = listed["items"]
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        done = rounds("trace", booking["booking_id"], "--data", system.data, "--json")
        assert done.code == 0, done.err
        story: dict[str, object] = json.loads(done.out)
        if "on_phone" in story["stages"] and not story["waiting"]:  # type: ignore[operator]  # a JSON object
            return story
        time.sleep(0.2)
    raise AssertionError("the booking does not reach the nurse's page")


def test_a_booking_on_a_nurses_page_tells_its_way(rounds: Rounds, system: Running) -> None:
    story = booking_on_phone(rounds, system)

    table = rounds("trace", story["booking_id"], "--data", system.data)

    assert table.code == 0
    for said in (
        "VisitRequested",
        "PlaceResolved",
        "planned",
        "VisitAssigned",
        "nurse_app +",
        "From the request: located",
    ):
        assert said in table.out
    assert "A nurse has it, and her page shows it" in table.out


def test_rooms_that_are_processes_are_asked_each_at_its_own_address(
    rounds: Rounds, system: Running, tmp_path: Path
) -> None:
    booking_id = booking_on_phone(rounds, system)["booking_id"]
    nobody = "http://127.0.0.1:9"
    rooms = {room: [nobody, system.url] for room in ROOMS} | {"board": [nobody]}

    with announced(tmp_path, RunningSystem(url=nobody, rooms=rooms)):
        done = rounds("trace", booking_id, "--data", tmp_path, "--json")

    story = json.loads(done.out)
    assert {"located", "planned", "assigned", "on_phone"} == set(story["stages"])
    assert list(story["silent"]) == ["board"]
    assert any(sentence.startswith("board does not answer") for sentence in story["now"])


def test_an_unknown_booking_is_a_sentence_and_exit_code_2(rounds: Rounds, system: Running) -> None:
    unknown = new_id()
    done = rounds("trace", unknown, "--data", system.data)
    assert (done.code, done.out) == (2, "")
    assert f"No room knows a booking {unknown} of the last 14 days." in done.err


def test_a_system_that_does_not_run_is_a_sentence_and_exit_code_2(rounds: Rounds, system: Running) -> None:
    done = rounds("trace", new_id(), "--data", system.data.parent / "nowhere")
    assert done.code == 2
    assert "No system runs on" in done.err
    closed = rounds("trace", new_id(), "--url", "http://127.0.0.1:9")
    assert closed.code == 2
    assert "did not answer" in closed.err
