"""Taking a booking in: all that can be said of it from the request, the catalogue, the areas and the clock."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from services.booking.domain.area_choice import choose_area
from services.booking.domain.catalogue import Catalogue, VisitNeeds
from services.booking.domain.refusal import refuse_if
from services.booking.domain.rules import age_problems, nurse_problems, service_problems
from services.booking.domain.wishes import Windows, WishRules, read_wishes
from shared.areas import Area
from shared.errors import FieldProblem
from shared.events.booking_request import Address, BookingRequest
from shared.events.ids import AreaId


@dataclass(frozen=True, slots=True)
class Entry:
    """A request on its way in, whichever way it came.

    Attributes:
        key_digest: names the request: of its Idempotency-Key, or of the event that carried it.
        fingerprint: of all it asks for.
        patient_index: digest of the booking system's id of the patient, if it gives one.
        traceparent: what was going on when it came.
    """

    request: BookingRequest
    key_digest: str
    fingerprint: str
    patient_index: str | None
    traceparent: str | None

    @property
    def claims(self) -> frozenset[tuple[str, str]]:
        """What can be there only once: two requests that share one are taken in one after the other."""
        said = {"key": self.key_digest, "reference": self.request.reference, "patient": self.patient_index}
        return frozenset((what, text) for what, text in said.items() if text is not None)


@dataclass(frozen=True, slots=True)
class Booked:
    """What a request that was taken is answered with.

    Attributes:
        body: the reply as JSON.
        replayed: it is the reply to an earlier request with the same key.
    """

    booking_id: UUID
    body: str
    replayed: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """A booking that can be taken, in the house's own terms."""

    area: Area
    needs: VisitNeeds
    windows: Windows


def examine(
    request: BookingRequest, areas: Mapping[AreaId, Area], catalogue: Catalogue, rules: WishRules, now: dt.datetime
) -> Intake:
    """Return the booking as it can be taken.

    Raises:
        Problem: 422 with what stands against it.
    """
    refuse_if(
        [
            *service_problems(request.services, catalogue),
            *address_problems(request.address, "address."),
            *nurse_problems(request.preferred_nurses, request.excluded_nurses),
        ]
    )
    area = choose_area(request.area_id, request.address, areas)
    needs = catalogue.visit_needs(request.services, first_dose=request.first_dose)
    windows = read_wishes(request, area, needs.duration, rules, now)
    first_day = area.local_date(windows[0].start)
    refuse_if(age_problems(request.patient.birth_date, needs, first_day, area.local_date(now)))
    return Intake(area, needs, windows)


def address_problems(address: Address, prefix: str = "") -> Iterator[FieldProblem]:
    """An address is one line, or has a street."""
    if address.line is None and address.street is None:
        yield FieldProblem(f"{prefix}street", "No street is given.", "Give street, or the whole address as line.")
    if address.line is not None and address.street is not None:
        yield FieldProblem(f"{prefix}line", "Both line and street are given.", "Give one of the two.")
