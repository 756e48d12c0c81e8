"""Booking over the bus: a booking system publishes its request, and the booking room publishes the answer.

What POST /v1/bookings is over HTTP: same body, same rules, same refusals. Source and id of the request's envelope are
its Idempotency-Key.
"""

from typing import Any

from pydantic import ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from shared.events.booking_request import BookingRequest
from shared.events.ids import AreaId, BookingId, PatientId, VisitId
from shared.events.registry import Event, event
from shared.events.topics import BOOKING_REQUESTS, BOOKING_RESPONSES
from shared.events.values import Value


class IntakeEvent(Event):
    """The only event of its aggregate: its version is always 1 and does not travel."""

    aggregate_version: SkipJsonSchema[int] = Field(default=1, exclude=True)


@event("rounds.intake.booking-request.v1", BOOKING_REQUESTS)
class BookingRequested(IntakeEvent):
    """A booking system asks for a visit. The body is that of POST /v1/bookings.

    Any JSON object is read: what is wrong with it is answered field by field, which a dead letter would not be.
    """

    model_config = ConfigDict(extra="allow")

    @property
    def body(self) -> dict[str, Any]:
        """What was asked, as it came."""
        return self.model_extra or {}

    def key(self) -> str:
        """Return the booking's reference, or nothing where it has none: then any lane will do."""
        reference = self.body.get("reference")
        return reference if isinstance(reference, str) else ""

    @classmethod
    def published_schema(cls) -> dict[str, Any]:
        """Return the schema of a request that is well formed."""
        return BookingRequest.model_json_schema()


class BookingAnswer(IntakeEvent):
    """The answer to a request; a request that is sent again is answered again.

    Attributes:
        request_id: ``ce_id`` of the request.
        request_source: ``ce_source`` of the request.
    """

    request_id: str
    request_source: str

    def key(self) -> str:
        """Return the request's id."""
        return self.request_id


@event("rounds.intake.booking-accepted.v1", BOOKING_RESPONSES)
class BookingAccepted(BookingAnswer):
    """The request was taken; read the booking over HTTP to see it located and planned.

    Attributes:
        replayed: it had been taken before, under the same source and id.
    """

    booking_id: BookingId
    visit_id: VisitId
    patient_id: PatientId
    area_id: AreaId
    replayed: bool


class RefusedField(Value):
    """A field that cannot be accepted. No value is repeated, nor a field's name that the schema does not know."""

    field: str
    message: str
    remedy: str


class Refusal(Value):
    """Problem details (RFC 9457), as over HTTP."""

    type: str
    title: str
    status: int
    detail: str
    fields: tuple[RefusedField, ...] = ()


@event("rounds.intake.booking-refused.v1", BOOKING_RESPONSES)
class BookingRefused(BookingAnswer):
    """The request was not taken and changed nothing; corrected, it may come again under the same source and id."""

    problem: Refusal
