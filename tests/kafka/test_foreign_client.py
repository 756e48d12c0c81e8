"""A client nobody here wrote reads the topics: headers are CloudEvents, bodies fit the published schemas."""

import asyncio
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest

from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.clock import new_id, utc_now
from shared.events.booking import VisitCancelled
from shared.events.envelope import encode
from shared.events.ids import AreaId, BookingId, EventId, VisitId
from shared.events.registry import EVENTS
from shared.events.topics import DEAD_LETTER_SUFFIX, TOPICS, VISITS
from tests.cli.conftest import Rounds
from tests.contract.conditions import running, until
from tests.contract.room import TinyRoom
from tests.kafka.conftest import OpenBus

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(shutil.which("kcat") is None, reason="skipped: no kcat (Debian: apt install kcat)"),
]

SCHEMAS = Path(__file__).parents[2] / "shared" / "events" / "schemas"
SAMPLES = Path(__file__).parents[1] / "events" / "samples"
OWN_TOPICS = [name for name in TOPICS if not name.endswith(DEAD_LETTER_SUFFIX)]


@dataclass(frozen=True, slots=True)
class Heard:
    """A record as kcat prints it."""

    key: str
    headers: dict[str, str]
    body: Any


def kcat(settings: KafkaSettings, *arguments: str, stdin: bytes | None = None) -> bytes:
    """Run kcat against the brokers and return what it prints."""
    command = ["kcat", "-b", settings.bootstrap_servers, "-q", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=30, input=stdin).stdout  # noqa: S603 - a client's own arguments


def hear(settings: KafkaSettings, topic: str) -> list[Heard]:
    """Return all records of a topic."""
    printed = kcat(settings, "-C", "-e", "-J", "-o", "beginning", "-t", settings.outside(topic))
    records = []
    for line in printed.splitlines():
        entry = json.loads(line)
        words = iter(entry.get("headers", []))
        records.append(Heard(entry["key"], dict(zip(words, words, strict=True)), json.loads(entry["payload"])))
    return records


def faults(record: Heard) -> Iterator[str]:
    """Say what is wrong with a record, by the contract that is published."""
    for name in ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "content-type"):
        if not record.headers.get(name):
            yield f"header {name} is missing"
    if record.headers.get("content-type") != "application/json":
        yield "the content type is another"
    schema = SCHEMAS / f"{record.headers.get('ce_type')}.json"
    if not schema.exists():
        yield f"{schema.name} is not published"
        return
    validator = jsonschema.Draft202012Validator(json.loads(schema.read_text()))
    yield from (error.message for error in validator.iter_errors(record.body))


def all_faults(settings: KafkaSettings) -> dict[str, list[str]]:
    """Read every topic but the dead letters to its end; return the faults of its records, by topic."""
    found = {topic: [fault for record in hear(settings, topic) for fault in faults(record)] for topic in OWN_TOPICS}
    return {topic: said for topic, said in found.items() if said}


def fact(visit: int) -> VisitCancelled:
    """Return an event."""
    return VisitCancelled(
        aggregate_version=1,
        visit_id=VisitId(UUID(int=visit)),
        booking_id=BookingId(UUID(int=0)),
        area_id=AreaId("here"),
        reason="patient",
    )


async def test_what_we_publish_a_foreign_client_reads_and_finds_by_the_schemas(settings: KafkaSettings) -> None:
    """Every event there is, as it was once recorded: so every topic has some."""
    events = [EVENTS[path.stem].model_validate(json.loads(path.read_text())["body"]) for path in SAMPLES.glob("*.json")]
    said = [encode(event, event_id=EventId(new_id()), source="/rounds/test", time=utc_now()) for event in events]
    bus = KafkaBus(settings)
    await bus.start()
    await bus.publish(said)
    await bus.stop()
    for topic in OWN_TOPICS:
        heard = await asyncio.to_thread(hear, settings, topic)
        assert heard, topic
        assert Counter(r.key for r in heard) == Counter(m.key.decode() for m in said if m.topic == topic)
    assert await asyncio.to_thread(all_faults, settings) == {}


def test_control_a_record_that_breaks_the_contract_is_found() -> None:
    good = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/x", "ce_time": "2030-01-01T00:00:00Z"}
    broken = Heard("k", {**good, "ce_type": "rounds.booking.visit-cancelled.v1"}, {"reason": 7})
    said = list(faults(broken))
    assert "header content-type is missing" in said
    assert any("required property" in fault for fault in said)


@pytest.fixture
async def room(tmp_path: Path) -> TinyRoom:
    made = TinyRoom.at(tmp_path / "room.sqlite")
    await made.create()
    return made


async def test_rubbish_from_a_foreign_client_is_buried_the_good_goes_on_and_the_buried_is_replayed(
    settings: KafkaSettings, open_bus: OpenBus, room: TinyRoom, rounds: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = await open_bus(settings)
    topic = settings.outside(VISITS)
    header = ["-H", "ce_type=rounds.booking.visit-cancelled.v1"]
    await asyncio.to_thread(kcat, settings, "-P", "-t", topic, "-k", "k", stdin=b"not json")
    await asyncio.to_thread(kcat, settings, "-P", "-t", topic, "-k", "k", *header, stdin=b"{}")
    await asyncio.to_thread(
        kcat, settings, "-P", "-t", topic, "-k", "k", "-X", "message.max.bytes=4194304", stdin=b"x" * 4_190_000
    )
    good = encode(fact(1), event_id=EventId(new_id()), source="/rounds/test", time=utc_now())
    await bus.publish([good])
    consumer = room.consumer(bus)
    async with running(consumer.run):

        async def done() -> bool:
            return len(await room.effects()) == 1 and consumer.tally.buried == 3

        await until(done)
    await room.db.close()
    for name in ("bootstrap_servers", "prefix"):
        monkeypatch.setenv(f"ROUNDS_KAFKA_{name.upper()}", getattr(settings, name))
    monkeypatch.setenv("ROUNDS_KAFKA_CREATE_TOPICS", "true")
    await asyncio.to_thread(rounds, "kafka", "topics", "apply")
    listed = await asyncio.to_thread(rounds, "dead-letters", "list", "--json")
    assert len(listed.out.splitlines()) == 3
    assert "ce_id, ce_type" in listed.out
    replayed = await asyncio.to_thread(rounds, "dead-letters", "replay", "--all")
    assert (replayed.code, replayed.out) == (0, "3 record(s) sent again.\n")
    tail = await asyncio.to_thread(rounds, "events", "tail", "--topic", VISITS, "--from-start", "--no-follow", "--json")
    assert len(tail.out.splitlines()) == 7
