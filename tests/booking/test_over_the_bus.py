"""Requests on the bus: booked as over HTTP, answered on the bus, and nothing of a patient gets any further."""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.booking.handlers import HANDLERS
from services.booking.store.models import inbox, outbox
from shared.bus.dead_letters import list_dead_letters, replay
from shared.bus.handling import Handling, Outcome
from shared.bus.port import Message, Record
from shared.events.booking import VisitRequested
from shared.events.envelope import decode
from shared.events.intake import BookingAccepted, BookingAnswer, BookingRefused, BookingRequested
from shared.events.topics import BOOKING_REQUESTS, BOOKING_RESPONSES, DEAD_LETTER_SUFFIX, TOPICS
from shared.observability.logging import configure_logging
from tests.booking.desk import Desk, booking, until

SHOP = "https://shop.example/orders"


def sent(body: object, sent_id: str | None = "order-1", **headers: str) -> Message:
    """What a booking system publishes, or something like it."""
    known = {
        "ce_specversion": "1.0",
        "ce_id": sent_id,
        "ce_type": BookingRequested.event_type,
        "ce_source": SHOP,
        "ce_time": "2030-05-01T13:00:00Z",
        **headers,
    }
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Message(
        BOOKING_REQUESTS, b"k", value, {name: text.encode() for name, text in known.items() if text is not None}
    )


async def answers(desk: Desk, count: int) -> list[BookingAnswer]:
    """Return the answers on the bus once there are so many."""
    found: list[BookingAnswer] = []

    async def enough() -> bool:
        records = [r async for r in desk.house.bus.tail([BOOKING_RESPONSES], from_start=True, follow=False)]
        found[:] = [data for r in sorted(records, key=at) if isinstance(data := decode(r).data, BookingAnswer)]
        return len(found) >= count

    await until(enough, 60)
    assert len(found) == count
    return found


def at(record: Record) -> dt.datetime:
    assert record.timestamp is not None
    return record.timestamp


async def ask(desk: Desk, *messages: Message) -> list[BookingAnswer]:
    """Publish requests one after the other; return their answers in this order."""
    found: list[BookingAnswer] = []
    for number, message in enumerate(messages, 1):
        await desk.house.bus.publish([message])
        found = await answers(desk, number)
    return found


async def count(desk: Desk) -> int:
    return len((await desk.client.get("/v1/bookings", params={"limit": 200})).json()["items"])


async def test_a_published_request_is_booked_and_answered(desk: Desk) -> None:
    (answer,) = await ask(desk, sent(booking(reference="SHOP-1")))
    assert isinstance(answer, BookingAccepted)
    assert (answer.request_id, answer.request_source, answer.replayed) == ("order-1", SHOP, False)
    taken = await desk.read(str(answer.booking_id))
    assert (taken["reference"], taken["visit_id"], taken["status"]) == ("SHOP-1", str(answer.visit_id), "proposed")
    assert [event.visit_id for event in await desk.said() if isinstance(event, VisitRequested)] == [answer.visit_id]


async def test_a_request_published_again_is_answered_again_and_books_nothing(desk: Desk) -> None:
    first, again = await ask(desk, sent(booking()), sent(booking()))
    assert isinstance(first, BookingAccepted)
    assert again == first.model_copy(update={"replayed": True})
    assert await count(desk) == 1


async def test_the_same_id_with_another_body_is_refused(desk: Desk) -> None:
    _, other = await ask(desk, sent(booking()), sent(booking(services=["cbc"])))
    assert isinstance(other, BookingRefused)
    assert (other.problem.status, other.problem.type) == (422, "/problems/idempotency-key-reused")
    assert await count(desk) == 1


async def test_an_id_belongs_to_its_source_and_is_no_key_of_http(desk: Desk) -> None:
    both = await ask(desk, sent(booking()), sent(booking(), ce_source="https://other.example"))
    assert len({answer.booking_id for answer in both if isinstance(answer, BookingAccepted)}) == 2
    assert "idempotency-replayed" not in (await desk.post(booking(), "order-1")).headers
    assert await count(desk) == 3


async def test_a_refused_request_may_be_corrected_under_its_id(desk: Desk) -> None:
    refused, taken = await ask(desk, sent(booking(services=["nothing"])), sent(booking()))
    assert (type(refused), type(taken)) == (BookingRefused, BookingAccepted)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"services": []}, "services"),
        ({"services": ["b12-im-100"]}, "services.0"),
        ({"patient": {"first_name": "Ada", "last_name": "C"}}, "patient.birth_date"),
        ({"windows": [{"start": "2030-05-06T09:00", "end": "2030-05-06T12:00:00Z"}]}, "windows.0.start"),
        ({"reference": "a\x00b"}, "reference"),
        ({"address": 7}, "address"),
    ],
)
async def test_a_refusal_is_the_one_of_http_and_no_dead_letter(
    desk: Desk, changes: dict[str, object], field: str
) -> None:
    (answer,) = await ask(desk, sent(booking(**changes)))
    over_http = (await desk.post(booking(**changes))).json()
    assert isinstance(answer, BookingRefused)
    assert answer.problem.model_dump()["fields"] == tuple(over_http["fields"])
    assert [named.field for named in answer.problem.fields] == [field]
    assert (answer.problem.status, answer.problem.type) == (over_http["status"], over_http["type"])
    assert await list_dead_letters(desk.house.bus) == []
    assert await count(desk) == 0


@pytest.mark.parametrize(
    "message",
    [
        sent(b"{"),
        sent(b"[]"),
        sent(b"\xff"),
        sent(booking(), ce_time="yesterday"),
        sent(booking(), ce_type="rounds.intake.booking-requested.v9"),
        sent(booking(), ce_type="com.example.order"),
        sent({"aggregate_version": 1}, ce_type="rounds.dispatch.visit-completed.v1"),
        sent({}, ce_type="rounds.lab.result.v1"),
    ],
    ids=["no JSON", "no object", "no UTF-8", "no time", "newer", "no type of ours", "a room's word", "unknown"],
)
async def test_what_cannot_be_read_is_put_aside_and_its_sender_told(desk: Desk, message: Message) -> None:
    await desk.house.bus.publish([message, sent(booking(), "order-2")])
    told = {answer.request_id: answer for answer in await answers(desk, 2)}
    refused = told["order-1"]
    assert isinstance(refused, BookingRefused)
    assert (refused.problem.status, refused.problem.type) == (400, "/problems/unreadable-request")
    assert isinstance(told["order-2"], BookingAccepted), "what stands behind it is taken"
    (letter,) = await list_dead_letters(desk.house.bus)
    assert letter.original == message


async def test_a_request_without_an_id_is_put_aside_and_can_be_mended_by_nobody_but_its_sender(desk: Desk) -> None:
    await desk.house.bus.publish([sent(booking(), None), sent(booking(), "order-2")])
    (answer,) = await answers(desk, 1)
    assert answer.request_id == "order-2"
    (letter,) = await list_dead_letters(desk.house.bus)
    assert letter.reason.startswith("Header ce_id is missing")


@pytest.mark.parametrize("sent_id", ["x" * 256, "x" * 2_000_000, "a\nb", "a\x00b"])
async def test_an_id_that_cannot_go_on_is_put_aside_and_answered_to_nobody(desk: Desk, sent_id: str) -> None:
    await desk.house.bus.publish([sent(booking(), sent_id), sent(booking(), "order-2")])
    (answer,) = await answers(desk, 1)
    assert answer.request_id == "order-2"
    (letter,) = await list_dead_letters(desk.house.bus)
    assert letter.reason.startswith("Header ce_id is longer than 255 characters or has control")


async def test_a_source_that_cannot_go_on_is_not_repeated(desk: Desk) -> None:
    """The source and the id are one key: with a newline in the source, two pairs would be the same key."""
    (answer,) = await ask(desk, sent(booking(), "order-1", ce_source="https://shop.example\norder-1"))
    assert isinstance(answer, BookingRefused)
    assert (answer.request_id, answer.request_source) == ("order-1", "")
    assert answer.problem.type == "/problems/unreadable-request"
    assert await count(desk) == 0


async def test_a_reason_that_quotes_a_header_makes_no_letter_its_topic_cannot_take(desk: Desk) -> None:
    await ask(desk, sent(b"{", ce_type=f"rounds.{'x' * 2_000_000}.order.v1"))
    (letter,) = await list_dead_letters(desk.house.bus)
    assert letter.reason.startswith("The body of rounds.xxx")
    assert len(letter.reason) == 1_000


async def test_a_dead_letter_that_is_replayed_is_answered_anew(desk: Desk) -> None:
    await desk.house.bus.publish([sent(b"{")])
    await answers(desk, 1)
    (letter,) = await list_dead_letters(desk.house.bus)
    await replay(desk.house.bus, letter)
    assert len(await answers(desk, 2)) == 2


async def test_a_record_that_comes_twice_is_answered_once(desk: Desk) -> None:
    handling = Handling("booking", desk.state.db, HANDLERS, inbox, outbox, desk.state, desk.clock)
    message = sent(booking())
    first = Record(message.topic, message.key, message.value, message.headers, 0, 7, desk.clock())
    elsewhere = Record(message.topic, message.key, message.value, message.headers, 0, 8, desk.clock())
    outcomes = await handling.handle([first, first, elsewhere], 10)
    assert outcomes == [Outcome.HANDLED, Outcome.REPEATED, Outcome.HANDLED]
    said = [event for event in await desk.said() if isinstance(event, BookingAccepted)]
    assert [event.replayed for event in said] == [False, True]


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield where a value can be put: in the place of each leaf and as a name beside each name."""
    if isinstance(value, dict):
        yield (*path, "Zerlina Quibble")
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path


def with_canary(path: tuple[str | int, ...]) -> Any:
    body = json.loads(json.dumps(booking(reference="R", notes="N", preferred_nurses=["N1"], priority="routine")))
    place: Any = body
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = "Zerlina Quibble"
    return body


async def test_no_answer_repeats_what_stands_in_a_request_wherever_it_stands(desk: Desk) -> None:
    bodies = [with_canary(path) for path in leaves(booking(reference="R", notes="N", preferred_nurses=["N1"]))]
    both = booking(preferred_nurses=["Zerlina Quibble"], excluded_nurses=["Zerlina Quibble"])
    bodies += [both, booking(area_id="Zerlina Quibble"), booking(services=["cbc", "Zerlina Quibble"])]
    assert len(bodies) > 20
    await desk.house.bus.publish([sent(body, f"order-{number}") for number, body in enumerate(bodies)])
    found = await answers(desk, len(bodies))
    assert sum(isinstance(answer, BookingRefused) for answer in found) > 12
    for answer in found:
        assert "Quibble" not in answer.model_dump_json()


async def test_a_request_in_the_clear_reaches_no_other_topic_no_table_and_no_log(desk: Desk, tmp_path: Path) -> None:
    log_file = tmp_path / "log.jsonl"
    before = logging.getLogger().handlers[:]
    configure_logging(log_file)
    patient = {**booking()["patient"], "first_name": "Zerlina", "last_name": "Quibble", "reference": "PAT-77"}
    words = ("Zerlina", "Quibble", "+1 555 0142", "1980-04-12", "PAT-77", "12 Maple Ave", "ocelot")
    body = booking(patient=patient, notes="Beware of the ocelot")
    try:
        bad = {**body, "services": [], "Zerlina": "Quibble"}
        await ask(desk, sent(body), sent(bad, "order-2"), sent(json.dumps(body)[:-1].encode(), "order-3"))
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers[:] = before
    exempt = {BOOKING_REQUESTS, BOOKING_REQUESTS + DEAD_LETTER_SUFFIX}
    records = [r async for r in desk.house.bus.tail(list(TOPICS), from_start=True, follow=False)]
    assert {r.topic for r in records} == {*exempt, BOOKING_RESPONSES, VisitRequested.topic}
    clear = b"".join(r.value for r in records if r.topic in exempt)
    rest = b"".join(r.value + r.key + b"".join(r.headers.values()) for r in records if r.topic not in exempt)
    rest += log_file.read_bytes() + b"".join(path.read_bytes() for path in tmp_path.glob("booking.sqlite*"))
    for word in words:
        assert word.encode() in clear, "the look would have found it"
        assert word.encode() not in rest, word


def test_requests_and_their_dead_letters_are_kept_for_a_day() -> None:
    kept = {name: spec.retention for name, spec in TOPICS.items() if name.startswith(BOOKING_REQUESTS)}
    assert kept == dict.fromkeys((BOOKING_REQUESTS, BOOKING_REQUESTS + DEAD_LETTER_SUFFIX), dt.timedelta(days=1))
    assert not any(TOPICS[name].compacted for name in kept)
