"""A record that is not what the contract says is poison, with a reason that names the mend and no content."""

import datetime as dt
from uuid import UUID

import pytest

from shared.bus.port import Message
from shared.errors import PoisonError
from shared.events import decode, encode
from shared.events.booking import VisitCancelled
from shared.events.ids import AreaId, BookingId, EventId, VisitId
from shared.events.registry import UPCASTERS
from shared.events.values import Cause

VISIT = VisitId(UUID("01a203e9-873a-77a4-8e00-3a50af88aa62"))
EVENT_ID = EventId(UUID("01a203e9-873a-77a4-8e00-3a50af88aa63"))
NOON = dt.datetime(2026, 11, 23, 17, tzinfo=dt.UTC)


def cancelled() -> VisitCancelled:
    return VisitCancelled(
        aggregate_version=2, visit_id=VISIT, booking_id=BookingId(VISIT), area_id=AreaId("maple"), reason="patient"
    )


def message(**changes: bytes | None) -> Message:
    good = encode(
        cancelled(), event_id=EVENT_ID, source="/rounds/booking", time=NOON, cause=Cause(correlation_id="b-1")
    )
    headers = {
        **good.headers,
        **{name.replace("content_type", "content-type"): value for name, value in changes.items()},
    }
    return Message(
        good.topic, good.key, good.value, {name: value for name, value in headers.items() if value is not None}
    )


def test_an_event_comes_back_as_it_went() -> None:
    envelope = decode(message())
    assert envelope.data == cancelled()
    assert (envelope.id, envelope.time, envelope.correlation_id) == (EVENT_ID, NOON, "b-1")
    assert (envelope.source, envelope.subject) == ("/rounds/booking", str(VISIT))


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"ce_id": None}, "ce_id is missing"),
        ({"ce_id": b"seven"}, "ce_id is not a UUID"),
        ({"ce_time": b"yesterday"}, "ce_time is not an RFC 3339"),
        ({"ce_time": b"2026-11-23T17:00:00"}, "ce_time carries no zone"),
        ({"ce_type": b"\xff"}, "not UTF-8"),
        ({"ce_type": b"visit.requested"}, "not an event type"),
        ({"ce_type": b"rounds.booking.visit-cancelled.v9"}, "newer than this release"),
    ],
)
def test_a_bad_header_is_named(headers: dict[str, bytes | None], says: str) -> None:
    with pytest.raises(PoisonError, match=says):
        decode(message(**headers))


@pytest.mark.parametrize(
    ("body", "says"),
    [(b"{", "is not JSON"), (b"[1]", "not a JSON object"), (b'{"reason": "Jane Roe"}', "visit_id: missing")],
)
def test_a_bad_body_is_named_without_its_content(body: bytes, says: str) -> None:
    good = message()
    with pytest.raises(PoisonError, match=says) as caught:
        decode(Message(good.topic, good.key, body, good.headers))
    assert "Jane" not in str(caught.value)


def test_a_type_of_a_newer_house_is_left_alone() -> None:
    assert decode(message(ce_type=b"rounds.lab.result-received.v1")).data is None


def test_an_old_version_is_lifted_by_its_upcaster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        UPCASTERS,
        "rounds.booking.visit-cancelled.v0",
        ("rounds.booking.visit-cancelled.v1", lambda body: {**body, "reason": body["why"]}),
    )
    old = cancelled().model_dump_json().replace('"reason"', '"why"').encode()
    good = message(ce_type=b"rounds.booking.visit-cancelled.v0")
    assert decode(Message(good.topic, good.key, old, good.headers)).data == cancelled()
