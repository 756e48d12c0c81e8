"""``rounds events`` and ``rounds dead-letters``: reading the bus, and mending what failed on it."""

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from shared.bus.dead_letters import bury
from shared.bus.log import LogBus
from shared.bus.port import Message
from shared.events.topics import SHIFTS, TOPICS, VISITS
from tests.cli.conftest import Rounds

NOW = dt.datetime(2030, 5, 6, 12, 0, tzinfo=dt.UTC)


def message(number: int, topic: str = VISITS) -> Message:
    headers = {"ce_id": b"%d" % number, "ce_type": b"rounds.booking.visit-requested.v1", "ce_time": b"2030-05-06"}
    return Message(topic, b"key-%d" % number, b'{"number": %d}' % number, headers)


def on_bus(data: Path, work: Callable[[LogBus], Awaitable[object]]) -> None:
    async def run() -> None:
        bus = LogBus(data / "bus.sqlite")
        await bus.start()
        await work(bus)
        await bus.stop()

    asyncio.run(run())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose bus carries three events, the second of which failed in one room."""

    async def speak(bus: LogBus) -> None:
        await bus.publish([message(1), message(2), message(3, SHIFTS)])
        async for record in bus.tail([VISITS], from_start=True, follow=False):
            if record.key == b"key-2":
                await bury(bus, record, "dispatch", "Header ce_source is missing.", NOW)

    on_bus(tmp_path, speak)
    return tmp_path


def test_events_are_printed_a_line_each_and_end_when_told(rounds: Rounds, data: Path) -> None:
    done = rounds("events", "tail", "--from-start", "--no-follow", "--json", "--data", data)
    events = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert [event["data"] for event in events] == [{"number": 1}, {"number": 2}, {"number": 3}]
    assert set(events[0]) == {"topic", "partition", "offset", "key", "headers", "data"}
    assert (events[0]["topic"], events[0]["key"], events[0]["headers"]["ce_id"]) == (VISITS, "key-1", "1")


def test_one_topic_can_be_followed_and_people_read_a_short_line(rounds: Rounds, data: Path) -> None:
    done = rounds("events", "tail", "--topic", SHIFTS, "--from-start", "--no-follow", "--data", data)
    (line,) = done.out.splitlines()
    assert "key-3" in line


def test_a_tail_from_now_on_without_following_is_empty(rounds: Rounds, data: Path) -> None:
    done = rounds("events", "tail", "--no-follow", "--data", data)
    assert (done.code, done.out) == (0, "")


def test_an_unknown_topic_is_told_with_those_there_are(rounds: Rounds, data: Path) -> None:
    done = rounds("events", "tail", "--topic", "gossip", "--no-follow", "--data", data)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"rounds: There is no topic gossip. The topics are: {', '.join(TOPICS)}.\n"


@pytest.mark.parametrize("command", [("events", "tail", "--no-follow"), ("dead-letters", "list")], ids=" ".join)
def test_without_a_bus_a_sentence_says_what_to_do(rounds: Rounds, tmp_path: Path, command: tuple[str, ...]) -> None:
    done = rounds(*command, "--data", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"There is no bus at {tmp_path / 'bus.sqlite'}. Start the system once" in done.err
    assert not (tmp_path / "bus.sqlite").exists()


def test_a_dead_letter_is_listed_replayed_once_and_gone(rounds: Rounds, data: Path) -> None:
    (line,) = rounds("dead-letters", "list", "--json", "--data", data).out.splitlines()
    letter = json.loads(line)
    place = letter.pop("place")
    assert letter == {
        "event_type": "rounds.booking.visit-requested.v1",
        "event_id": "2",
        "reason": "Header ce_source is missing.",
        "failed_at": "2030-05-06T12:00:00+00:00",
    }
    assert place.startswith(f"{VISITS}/")
    assert "Header ce_source is missing." in rounds("dead-letters", "list", "--data", data).out

    done = rounds("dead-letters", "replay", place, "--data", data)
    assert (done.code, done.out) == (0, "1 record(s) sent again.\n")
    assert rounds("dead-letters", "list", "--json", "--data", data).out == ""
    assert rounds("dead-letters", "list", "--data", data).out == "No dead letters: every record was handled.\n"
    tail = rounds("events", "tail", "--topic", VISITS, "--from-start", "--no-follow", "--json", "--data", data).out
    assert [json.loads(event)["data"]["number"] for event in tail.splitlines()] == [1, 2, 2]


def test_all_dead_letters_can_be_replayed_at_once(rounds: Rounds, data: Path) -> None:
    assert rounds("dead-letters", "replay", "--all", "--data", data).out == "1 record(s) sent again.\n"
    assert rounds("dead-letters", "replay", "--all", "--data", data).out == "0 record(s) sent again.\n"


def test_a_replay_of_nothing_or_of_what_is_not_there_is_refused_whole(rounds: Rounds, data: Path) -> None:
    nothing = rounds("dead-letters", "replay", "--data", data)
    (line,) = rounds("dead-letters", "list", "--json", "--data", data).out.splitlines()
    unknown = rounds("dead-letters", "replay", json.loads(line)["place"], "elsewhere/0/7/routing", "--data", data)
    assert (nothing.code, unknown.code) == (2, 2)
    assert "or give --all" in nothing.err
    assert "There is no dead letter at elsewhere/0/7/routing." in unknown.err
    assert len(rounds("dead-letters", "list", "--json", "--data", data).out.splitlines()) == 1
