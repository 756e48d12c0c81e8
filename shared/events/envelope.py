"""The envelope: CloudEvents 1.0 in Kafka's binary mode. Attributes are headers, the body is the event as JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson
from pydantic import ValidationError

from shared.bus.port import Message, Record
from shared.errors import PoisonError
from shared.events.ids import EventId
from shared.events.registry import Event, resolve
from shared.events.topics import TOPICS
from shared.events.values import Cause

SPEC_VERSION = "1.0"
REQUIRED = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time")
REPEATED = ("ce_id", "ce_source", "ce_correlationid")
"""Attributes that go on, into keys, tables and answers: from outside the house they come in any length."""
SOUND = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,255}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with all that travels beside it.

    Attributes:
        id: unique; the inbox knows a record by it. What comes from outside the house is known by its place: a system
            there may send an event twice under one id, and is owed an answer each time.
        source: the room that said it, ``/rounds/<room>``.
        time: when it was said.
        correlation_id: the booking (or other first cause) that this follows from.
        traceparent: W3C trace context, where tracing is on.
        data: the event; None for a type this release does not know.
        requested_at: when the first cause was said.
        sent_id: the id as the producer wrote it.
    """

    id: EventId
    type: str
    source: str
    time: datetime
    subject: str
    correlation_id: str | None
    traceparent: str | None
    data: Event | None
    requested_at: datetime | None = None
    sent_id: str = ""

    @property
    def cause(self) -> Cause:
        """What the event follows from."""
        return Cause(correlation_id=self.correlation_id, traceparent=self.traceparent, requested_at=self.requested_at)


def encode(data: Event, *, event_id: EventId, source: str, time: datetime, cause: Cause | None = None) -> Message:
    """Return the message for an event; headers are UTF-8 bytes."""
    cause = cause or Cause()
    headers = {
        "ce_specversion": SPEC_VERSION,
        "ce_id": str(event_id),
        "ce_type": data.event_type,
        "ce_source": source,
        "ce_time": time.isoformat(),
        "ce_subject": data.key(),
        "ce_correlationid": cause.correlation_id,
        "ce_requestedat": cause.requested_at.isoformat() if cause.requested_at else None,
        "content-type": "application/json",
        "traceparent": cause.traceparent,
    }
    return Message(
        topic=data.topic,
        key=data.key().encode(),
        value=data.model_dump_json().encode(),
        headers={name: value.encode() for name, value in headers.items() if value is not None},
    )


def decode(message: Message) -> Envelope:
    """Read a message.

    Returns:
        The envelope; its ``data`` is None when the type is unknown here.

    Raises:
        PoisonError: a missing header, a body that is not JSON or does not fit the schema, a newer version; from outside
            the house, a type that is not for its topic, or an attribute that is not sound.
    """
    try:
        headers = {name: value.decode() for name, value in message.headers.items()}
    except UnicodeDecodeError as error:
        text = "A header is not UTF-8. The producer must send CloudEvents in Kafka binary mode."
        raise PoisonError(text) from error
    missing = [name for name in REQUIRED if not headers.get(name)]
    if missing:
        text = f"Header {', '.join(missing)} is missing. The producer must send CloudEvents in Kafka binary mode."
        raise PoisonError(text)
    data = _body(headers["ce_type"], message.value)
    spec = TOPICS.get(message.topic)
    inbound = spec is not None and spec.inbound
    if inbound and (data is None or data.topic != message.topic):
        # Whoever may write here may say nothing else: an act of a nurse, say, would be believed.
        raise PoisonError(f"{message.topic} takes no events of this type.")
    unsound = [name for name in REPEATED if inbound and name in headers and not is_sound(headers[name])]
    if unsound:
        raise PoisonError(f"Header {', '.join(unsound)} is longer than 255 characters or has control characters.")
    return Envelope(
        id=_place_id(message, headers) if inbound else _event_id(headers["ce_id"]),
        type=headers["ce_type"],
        source=headers["ce_source"],
        time=_instant("ce_time", headers["ce_time"]),
        subject=headers.get("ce_subject", ""),
        correlation_id=headers.get("ce_correlationid"),
        traceparent=headers.get("traceparent"),
        data=data,
        requested_at=_instant("ce_requestedat", headers["ce_requestedat"]) if "ce_requestedat" in headers else None,
        sent_id=headers["ce_id"],
    )


def is_sound(attribute: str) -> bool:
    """Tell whether an attribute from outside may go on: 255 characters at most, and no control characters."""
    return SOUND.fullmatch(attribute) is not None


def _event_id(text: str) -> EventId:
    try:
        return EventId(UUID(text))
    except ValueError as error:
        message = "ce_id is not a UUID."
        raise PoisonError(message) from error


def _place_id(message: Message, headers: Mapping[str, str]) -> EventId:
    """Return an id for what stands at this place; its time tells it from what stood there before a topic was remade."""
    place = [headers["ce_source"], headers["ce_id"]]
    if isinstance(message, Record):
        place += [str(message.lane), str(message.offset), str(message.timestamp)]
    return EventId(uuid5(NAMESPACE_OID, "\n".join(place)))


def _instant(header: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{header} is not an RFC 3339 timestamp."
        raise PoisonError(message) from error
    if instant.tzinfo is None:
        message = f"{header} carries no zone; send RFC 3339 with an offset."
        raise PoisonError(message)
    return instant


def _body(event_type: str, value: bytes) -> Event | None:
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        message = f"The body of {event_type} is not JSON."
        raise PoisonError(message) from error
    if not isinstance(body, dict):
        message = f"The body of {event_type} is not a JSON object."
        raise PoisonError(message)
    found = resolve(event_type, body)
    if found is None:
        return None
    cls, lifted = found
    try:
        return cls.model_validate(lifted)
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors(include_input=False))
        message = f"The body of {event_type} does not fit its schema: {where}."
        raise PoisonError(message) from None
