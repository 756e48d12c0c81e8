"""A booking about to be stored, as plain objects.

The tables' own classes watch every attribute for changes, which for a booking that is only added costs as much CPU as
all its rules together. ``vars()`` of these is a row.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.booking.store.models import BookingRow, VisitRow


@dataclass
class NewVisit:
    """A visit on its first day; see ``VisitRow``."""

    visit_id: UUID
    booking_id: UUID
    patient_id: UUID
    area_id: str
    status: str
    services: list[str]
    duration_minutes: int
    skills: list[str]
    licence_options: list[list[str]]
    windows: list[list[str]]
    priority: str
    preferred_nurses: list[str]
    excluded_nurses: list[str]
    name: str
    address: str
    notes: str | None
    changed_at: dt.datetime
    version: int = 1
    address_version: int = 1
    place: str = "unknown"
    place_reason: None = None
    place_seen: int = 0
    cancel_reason: None = None
    cancelled_at: None = None


@dataclass
class NewBooking:
    """A booking with the reply to its key; see ``BookingRow``."""

    booking_id: UUID
    patient_id: UUID
    reference: str | None
    created_at: dt.datetime
    key_digest: str
    fingerprint: str
    reply: str = ""


@dataclass(frozen=True, slots=True)
class NewRows:
    """All that is stored of a booking.

    Attributes:
        patient: the row to add; None for a patient who is known.
        told: what is told anew of a known patient, encrypted; None for nothing new.
        dates: the area's dates on which the visit is wished.
    """

    patient: Mapping[str, Any] | None
    told: bytes | None
    booking: NewBooking
    visit: NewVisit
    dates: Sequence[dt.date]


type AnyBooking = BookingRow | NewBooking
type AnyVisit = VisitRow | NewVisit
