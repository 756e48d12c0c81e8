"""What the booking room answers: identifiers, codes and times. Names and addresses go in and never come out here."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.booking.domain.progress import BookingStatus, Step
from services.booking.store.models import VisitDayRow
from services.booking.store.new import AnyBooking, AnyVisit
from services.booking.store.visits import standing_day, windows_of
from shared.events.values import Priority, TimeWindow

PLACE_REASONS = {
    "outside": "The address lies outside the area. A dispatcher checks it; correct the address if it is wrong.",
    "ambiguous": "The address fits more than one place. A dispatcher picks one; a postcode or city would settle it.",
    "low_confidence": "The address was found only roughly. A dispatcher checks it.",
    "not_found": "The address was not found. A dispatcher pins it on the map; correct the address if it is wrong.",
    "unreadable": "The address could not be read. Give it again.",
}

EXAMPLE: dict[str, Any] = {
    "booking_id": "019b1f6e-6a51-7c3e-9d3b-0a8f3f6a2f10",
    "visit_id": "019b1f6e-6a51-7c3e-9d3b-0a8f3f6a2f11",
    "patient_id": "019b1f6e-6a51-7c3e-9d3b-0a8f3f6a2f12",
    "reference": "SHOP-10482",
    "status": "booked",
    "version": 1,
    "area_id": "queens",
    "services": ["b12-level", "b12-im-1000"],
    "duration_minutes": 40,
    "windows": [{"start": "2030-05-06T13:00:00Z", "end": "2030-05-06T16:00:00Z"}],
    "priority": "routine",
    "preferred_nurses": ["N07"],
    "excluded_nurses": [],
    "address_version": 1,
    "place": "resolved",
    "assignment": {
        "nurse_ref": "N07",
        "date": "2030-05-06",
        "arrival": "2030-05-06T13:42:00Z",
        "start": "2030-05-06T13:42:00Z",
        "end": "2030-05-06T14:22:00Z",
        "step": "accepted",
        "step_at": "2030-05-06T11:58:10Z",
    },
    "reasons": [],
    "created_at": "2030-05-01T09:30:00Z",
    "changed_at": "2030-05-01T09:30:00Z",
}


class AssignmentReply(BaseModel):
    """Who comes, when, and how far they have come."""

    nurse_ref: str = Field(description="The nurse's staff code.")
    date: dt.date = Field(description="The area's calendar date.")
    arrival: dt.datetime = Field(description="Planned.")
    start: dt.datetime
    end: dt.datetime
    step: Step | None = Field(description="The nurse's last act on this visit.")
    step_at: dt.datetime | None


class Reason(BaseModel):
    """Why a booking is not further, as a code and a sentence."""

    code: str
    explanation: str
    date: dt.date | None = Field(default=None, description="The day it concerns.")


class BookingReply(BaseModel):
    """A booking, its visit, and what has become of it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    booking_id: UUID
    visit_id: UUID
    patient_id: UUID
    reference: str | None
    status: BookingStatus = Field(
        description="FHIR Appointment.status: proposed (taken, not planned yet), pending (the address needs a "
        "dispatcher), booked (a nurse has it), arrived, fulfilled, cancelled, noshow (the nurse could not do it)."
    )
    version: int = Field(description="Grows with every change of what is asked; give it back to change safely.")
    area_id: str
    services: list[str] = Field(description="In the order of doing.")
    duration_minutes: int
    windows: list[TimeWindow]
    priority: Priority
    preferred_nurses: list[str]
    excluded_nurses: list[str]
    address_version: int = Field(description="Grows with every change of the address.")
    place: str = Field(description="Whether the address was found: unknown (not looked up yet), resolved, unresolved.")
    assignment: AssignmentReply | None
    reasons: list[Reason] = Field(description="Why it is pending, unplanned, cancelled or not done.")
    created_at: dt.datetime
    changed_at: dt.datetime


class BookingPage(BaseModel):
    """Some bookings, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [EXAMPLE], "next_cursor": "AZsfbmpRfD6dOwqPP2ovEA"}]}
    )

    items: list[BookingReply]
    next_cursor: str | None = Field(description="Where the next page begins; null on the last one.")


def reply(booking: AnyBooking, visit: AnyVisit, days: Iterable[VisitDayRow]) -> BookingReply:
    """Return a booking as it is told to a booking system."""
    days = list(days)
    return BookingReply(
        booking_id=booking.booking_id,
        visit_id=visit.visit_id,
        patient_id=visit.patient_id,
        reference=booking.reference,
        status=BookingStatus(visit.status),
        version=visit.version,
        area_id=visit.area_id,
        services=visit.services,
        duration_minutes=visit.duration_minutes,
        windows=list(windows_of(visit)),
        priority=Priority(visit.priority),
        preferred_nurses=visit.preferred_nurses,
        excluded_nurses=visit.excluded_nurses,
        address_version=visit.address_version,
        place=visit.place,
        assignment=_assignment(visit, days),
        reasons=_reasons(visit, days),
        created_at=booking.created_at,
        changed_at=visit.changed_at,
    )


def _assignment(visit: AnyVisit, days: Iterable[VisitDayRow]) -> AssignmentReply | None:
    found = standing_day(visit, days)
    if found is None or visit.status == BookingStatus.CANCELLED:
        return None
    day, planned = found
    return AssignmentReply(
        nurse_ref=planned.nurse_ref,
        date=day.date,
        arrival=planned.arrival,
        start=planned.start,
        end=planned.end,
        step=None if day.step is None else Step(day.step),
        step_at=day.at,
    )


def _reasons(visit: AnyVisit, days: Iterable[VisitDayRow]) -> list[Reason]:
    match visit.status:
        case BookingStatus.CANCELLED:
            return [Reason(code=visit.cancel_reason or "", explanation="The booking was cancelled.")]
        case BookingStatus.NOSHOW:
            explanation = "The nurse could not do the visit. Book again for another time."
            missed = [day for day in days if day.miss_reason is not None]
            return [Reason(code=day.miss_reason or "", explanation=explanation, date=day.date) for day in missed]
        case BookingStatus.PENDING:
            code = visit.place_reason or ""
            return [Reason(code=code, explanation=PLACE_REASONS.get(code, "A dispatcher checks the address."))]
        case BookingStatus.PROPOSED:
            left = [day for day in days if day.wished and day.left_out is not None]
            return [Reason(code=day.left_out or "", explanation=day.explanation or "", date=day.date) for day in left]
        case _:
            return []
