"""Requests that booking systems publish, and the answers the room publishes: what HTTP does, without waiting."""

from collections.abc import Iterator
from typing import Any

import orjson

from services.booking.deps import BookingState
from services.booking.domain.intake import Booked
from services.booking.intake.reading import read_request
from services.booking.intake.replies import BookingReply
from services.booking.intake.take import enter, take
from services.booking.store.models import outbox
from shared.bus.handling import Deps
from shared.bus.port import Record
from shared.errors import FieldProblem, Problem
from shared.events.booking_request import BookingRequest
from shared.events.envelope import is_sound
from shared.events.intake import BookingAccepted, BookingAnswer, BookingRefused, BookingRequested, Refusal, RefusedField
from shared.events.topics import BOOKING_REQUESTS
from shared.observability.tracing import correlate, present_cause

HOW = (
    f"Send CloudEvents in Kafka's binary mode: ce_specversion 1.0, ce_id, ce_type {BookingRequested.event_type}, "
    "ce_source, ce_time with an offset, and one JSON object in UTF-8."
)


async def on_booking_requested(event: BookingRequested, deps: Deps[BookingState]) -> None:
    """A booking system asks for a visit; source and id of its event stand for an Idempotency-Key."""
    sent = {"request_id": deps.envelope.sent_id, "request_source": deps.envelope.source}
    try:
        request = read_request(orjson.dumps(event.body))
        # A newline stands in no header's key, so that no key over HTTP is ever the same as one over the bus.
        entry = enter(deps.room, request, f"{deps.envelope.source}\n{deps.envelope.sent_id}")
        (outcome,) = await take(deps.room, deps.session, [entry])
    except Problem as problem:
        outcome = problem
    if isinstance(outcome, Booked):
        correlate(present_cause().model_copy(update={"correlation_id": str(outcome.booking_id)}))
    await deps.emit(_answer(sent, outcome))


async def answer_unreadable(state: BookingState, record: Record, _reason: str) -> None:
    """Tell the sender of a request that went to the dead letters, as far as it can be told who that is.

    The reason is not passed on: it may quote a header.
    """
    sent_id = record.headers.get("ce_id", b"").decode(errors="replace")
    if record.topic != BOOKING_REQUESTS or not is_sound(sent_id):
        return
    detail = f"The request was not taken and was put aside for the operator. If it is not what it should be: {HOW}"
    problem = Problem(400, "unreadable-request", "The request was put aside", detail)
    source = record.headers.get("ce_source", b"").decode(errors="replace")
    sent = {"request_id": sent_id, "request_source": source if is_sound(source) else ""}
    async with state.db.transaction() as session:
        await outbox.add(session, _answer(sent, problem))


def _answer(sent: dict[str, str], outcome: Booked | Problem) -> BookingAnswer:
    if isinstance(outcome, Booked):
        reply = BookingReply.model_validate_json(outcome.body)
        return BookingAccepted.model_validate({**sent, **reply.model_dump(), "replayed": outcome.replayed})
    fields = tuple(_without_strange_names(field) for field in outcome.fields)
    said = [f"{field.field}: {field.message} {field.remedy}" for field in fields]
    refusal = Refusal(
        type=f"/problems/{outcome.slug}",
        title=outcome.title,
        status=outcome.status,
        detail=" ".join(said) or str(outcome),
        fields=fields,
    )
    return BookingRefused(**sent, problem=refusal)


def _without_strange_names(problem: FieldProblem) -> RefusedField:
    """Leave out of a field's path what the schema does not know: a name somebody made up may be a patient's."""
    parts = problem.field.split(".")
    known = [part for part in parts if part in NAMES or part.isdigit()]
    field = ".".join(known) or "body"
    message = problem.message if len(known) == len(parts) else "A field in here is not known."
    return RefusedField(field=field, message=message, remedy=problem.remedy)


def _names(schema: Any) -> Iterator[str]:  # noqa: ANN401 - JSON is whatever it is
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for part in schema.values():
            yield from _names(part)


NAMES = frozenset(_names(BookingRequest.model_json_schema())) | {"body"}
"""Every field the schema knows."""
