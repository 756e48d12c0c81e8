"""Changing a booking: what may come in for it, and until when."""

from enum import StrEnum

from pydantic import Field

from services.booking.domain.progress import BookingStatus, Step
from shared.errors import Problem
from shared.events.booking_request import Address, Version, Wire, Wishes


class CancelReason(StrEnum):
    """Why a booking is called off; a code, so that no free text travels."""

    PATIENT = "patient"
    PROVIDER = "provider"
    DUPLICATE = "duplicate"
    OTHER = "other"


class Reschedule(Wishes):
    """New wishes about time; they replace the old ones."""

    version: Version | None = Field(
        default=None, description="The booking's version you have seen; refused if it has changed since."
    )


class AddressChange(Address):
    """A new address; it replaces the old one."""

    version: Version | None = Field(
        default=None, description="The booking's version you have seen; refused if it has changed since."
    )


class Cancel(Wire):
    """Why the booking is called off."""

    reason: CancelReason = CancelReason.PATIENT


SENTENCES = {
    BookingStatus.CANCELLED: "The booking was cancelled. Book again.",
    BookingStatus.FULFILLED: "The visit is done. Book again for another.",
    BookingStatus.NOSHOW: "The nurse was there and could not do the visit. Book again.",
    BookingStatus.ARRIVED: "The nurse is at the door. She can end the visit, or report that it could not be done.",
}
"""Why a booking that has come so far stays as it is."""


def may_change(status: BookingStatus, step: Step | None, version: int, seen: int | None) -> None:
    """Go on when what was asked may still change.

    Args:
        status: of the booking.
        step: the nurse's last act.
        version: of the booking.
        seen: the version whoever asks has seen, if they say.

    Raises:
        Problem: 409 with the reason.
    """
    if status in SENTENCES:
        raise settled(SENTENCES[status])
    if step is Step.EN_ROUTE:
        raise settled("The nurse is on her way. Cancel, or let her come and book again.")
    if seen is not None and seen != version:
        detail = f"version: the booking has changed since; it is at version {version}. Read it again, then decide."
        raise Problem(409, "version-conflict", "The booking has changed", detail)


def may_cancel(status: BookingStatus) -> None:
    """Go on when the booking may still be called off.

    Raises:
        Problem: 409 with the reason.
    """
    if status in SENTENCES:
        raise settled(SENTENCES[status])


def settled(detail: str) -> Problem:
    """Return the problem of a booking that can no longer be changed."""
    return Problem(409, "booking-settled", "The booking can no longer be changed", detail)
