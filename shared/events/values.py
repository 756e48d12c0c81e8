"""Small values that events of several rooms carry."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from shared.events.ids import PatientId, VisitId


class Value(BaseModel):
    """A frozen value; unknown fields of a newer writer are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Cause(Value):
    """What an event follows from; it travels in headers and, where one event speaks of many visits, in its body.

    Attributes:
        correlation_id: the booking (or other first cause).
        traceparent: W3C trace context of the step before.
        requested_at: when the first cause was said; what is measured from end to end begins there.
    """

    correlation_id: str | None = None
    traceparent: str | None = None
    requested_at: AwareDatetime | None = None


class GeoPoint(Value):
    """A place on the map, WGS84 degrees."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]


class TimeWindow(Value):
    """An interval of instants, end after start."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            message = "a window must end after it starts"
            raise ValueError(message)
        return self


class Break(Value):
    """A pause a shift owes its nurse: ``duration`` long, begun at ``earliest`` or later, over by ``latest``."""

    duration: timedelta
    earliest: AwareDatetime
    latest: AwareDatetime


class Sealed(Value):
    """A text that only the holder of the patient's key can read (AES-GCM; see shared/security/seal.py).

    Attributes:
        patient_id: whose key opens it.
        ciphertext: nonce and ciphertext, base64.
    """

    patient_id: PatientId
    ciphertext: str


class Priority(StrEnum):
    """FHIR request priority, least urgent first."""

    ROUTINE = "routine"
    URGENT = "urgent"
    ASAP = "asap"
    STAT = "stat"


class StopKind(StrEnum):
    """What a nurse does at a stop."""

    VISIT = "visit"
    BREAK = "break"


class MatchKind(StrEnum):
    """How exactly a place was found."""

    ADDRESS = "address"
    INTERPOLATED = "interpolated"
    STREET = "street"
    PINNED = "pinned"


class Leg(Value):
    """The drive to a stop."""

    drive: timedelta
    metres: int


class Stop(Value):
    """A visit or a break in a route, with its planned times.

    Attributes:
        point: None for a break: it has no place of its own.
        travel: the drive from the stop before.
    """

    kind: StopKind
    visit_id: VisitId | None = None
    point: GeoPoint | None = None
    arrival: AwareDatetime
    start: AwareDatetime
    end: AwareDatetime
    travel: Leg
