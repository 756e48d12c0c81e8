"""Tables of the booking room: patients and their keys, bookings, visits, and what became of them."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint
from sqlmodel import Field, SQLModel

from shared.db.base import UtcDateTime, room_registry
from shared.db.inbox import Inbox
from shared.db.lease import Leases
from shared.db.outbox import Outbox


class Base(SQLModel, registry=room_registry()):
    """The room's own registry."""


class PatientRow(Base, table=True):
    """A patient; without the key nothing that was sealed for them opens anywhere.

    Attributes:
        reference_index: keyed digest of the booking system's id of the patient.
        wrapped_key: the patient's data key, encrypted with the room's key-encryption key; None once erased.
        profile: names, birth date, phone and e-mail as JSON, encrypted with the data key.
    """

    __tablename__ = "patient"
    __table_args__ = (
        CheckConstraint("(wrapped_key IS NULL) = (erased_at IS NOT NULL)", name="erased"),
        CheckConstraint("(wrapped_key IS NULL) = (profile IS NULL)", name="profile"),
    )

    patient_id: UUID = Field(primary_key=True)
    reference_index: str | None = Field(default=None, unique=True)
    wrapped_key: bytes | None
    profile: bytes | None
    created_at: dt.datetime = Field(sa_type=UtcDateTime)
    erased_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class BookingRow(Base, table=True):
    """A booking, with the reply its Idempotency-Key is owed until that key expires.

    Attributes:
        reference: the booking system's id of it.
        key_digest: of the Idempotency-Key.
        fingerprint: keyed digest of the payload that came with the key.
        reply: the body it was answered with, as JSON.
    """

    __tablename__ = "booking"
    __table_args__ = (
        CheckConstraint("(key_digest IS NULL) = (fingerprint IS NULL)", name="fingerprint"),
        CheckConstraint("(key_digest IS NULL) = (reply IS NULL)", name="reply"),
    )

    booking_id: UUID = Field(primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id", index=True)
    reference: str | None = Field(default=None, unique=True)
    key_digest: str | None = Field(default=None, unique=True)
    fingerprint: str | None = None
    reply: str | None = None
    created_at: dt.datetime = Field(sa_type=UtcDateTime, index=True)


class VisitRow(Base, table=True):
    """A visit: what was asked, as of ``version``, and the status it has come to.

    Attributes:
        version: aggregate version of its newest event on the topic of visits.
        windows: list of ``[start, end]``, ISO 8601 in UTC.
        name: first name, sealed; like the address and the notes it goes into events as it stands.
        place: ``unknown``, ``resolved`` or ``unresolved``, for this version of the address.
        place_seen: version of geocoding's newest event about the visit.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("status <> 'cancelled' OR cancelled_at IS NOT NULL", name="cancelled"),
        CheckConstraint("(cancelled_at IS NULL) = (cancel_reason IS NULL)", name="cancel_reason"),
        CheckConstraint("place IN ('unknown', 'resolved', 'unresolved')", name="place"),
        CheckConstraint("version >= 1 AND address_version >= 1", name="versions"),
    )

    visit_id: UUID = Field(primary_key=True)
    booking_id: UUID = Field(foreign_key="booking.booking_id", unique=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id", index=True)
    area_id: str
    version: int = 1
    address_version: int = 1
    status: str
    services: list[str] = Field(sa_type=JSON)
    duration_minutes: int
    skills: list[str] = Field(sa_type=JSON)
    licence_options: list[list[str]] = Field(sa_type=JSON)
    windows: list[list[str]] = Field(sa_type=JSON)
    priority: str
    preferred_nurses: list[str] = Field(sa_type=JSON)
    excluded_nurses: list[str] = Field(sa_type=JSON)
    name: str | None
    address: str | None
    notes: str | None
    place: str = "unknown"
    place_reason: str | None = None
    place_seen: int = 0
    cancel_reason: str | None = None
    cancelled_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    changed_at: dt.datetime = Field(sa_type=UtcDateTime)


class VisitDayRow(Base, table=True):
    """A visit on one of the area's dates: whether it is wished then, and what is known of it.

    Attributes:
        seen: version of dispatch's newest event of the day about the visit.
        assignment: ``Assignment`` as JSON.
        left_out: code why the plan in force leaves the visit out on this day, if it does.
    """

    __tablename__ = "visit_day"

    visit_id: UUID = Field(primary_key=True, foreign_key="visit.visit_id")
    date: dt.date = Field(primary_key=True, index=True)
    wished: bool = False
    seen: int = 0
    assignment: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    step: str | None = None
    at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    miss_reason: str | None = None
    left_out: str | None = None
    explanation: str | None = None


class PlanRow(Base, table=True):
    """How far the plans of an area's day have been read."""

    __tablename__ = "plan"

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    seen: int


class KeyAccessRow(Base, table=True):
    """Who was handed a patient's key, and what for."""

    __tablename__ = "key_access"

    access_id: int | None = Field(default=None, primary_key=True)
    patient_id: UUID = Field(foreign_key="patient.patient_id", index=True)
    room: str
    purpose: str
    at: dt.datetime = Field(sa_type=UtcDateTime)


inbox = Inbox(Base.metadata)
leases = Leases(Base.metadata)
outbox = Outbox(Base.metadata, "booking")
