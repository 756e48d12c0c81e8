"""What the booking room says: a visit was requested, changed or cancelled."""

from datetime import timedelta

from shared.events.ids import AreaId, BookingId, NurseRef, PatientId, VisitId
from shared.events.registry import Event, event
from shared.events.topics import VISITS
from shared.events.values import Priority, Sealed, TimeWindow


class VisitState(Event):
    """All that planning and dispatch may know of a visit, as of ``aggregate_version``.

    Attributes:
        address_version: grows when the address does; a place belongs to one address version.
        services: catalogue codes in the order they are done (draw before injection).
        duration: time at the door for all services.
        skills: what the nurse must be able to do, all of them.
        licence_options: for each entry the nurse needs one of the kinds named (``RN``, ``LVN``),
            valid in the state the place lies in.
        windows: when the visit may start and must end, any one of them.
        patient_name: first name, for the nurse at the door.
        address: one line, as it was given.
        notes: what the patient asked to be known.
    """

    visit_id: VisitId
    booking_id: BookingId
    patient_id: PatientId
    area_id: AreaId
    address_version: int
    services: tuple[str, ...]
    duration: timedelta
    skills: tuple[str, ...]
    licence_options: tuple[tuple[str, ...], ...]
    windows: tuple[TimeWindow, ...]
    priority: Priority
    preferred_nurses: tuple[NurseRef, ...] = ()
    excluded_nurses: tuple[NurseRef, ...] = ()
    patient_name: Sealed
    address: Sealed
    notes: Sealed | None = None

    def key(self) -> str:
        """Return the visit's id."""
        return str(self.visit_id)


@event("rounds.booking.visit-requested.v1", VISITS)
class VisitRequested(VisitState):
    """A booking was accepted and asks for this visit."""


@event("rounds.booking.visit-changed.v1", VISITS)
class VisitChanged(VisitState):
    """The visit's windows, services or address changed; the body is its whole new state."""


@event("rounds.booking.visit-cancelled.v1", VISITS)
class VisitCancelled(Event):
    """The visit is off; a cancelled visit is never dispatched afterwards."""

    visit_id: VisitId
    booking_id: BookingId
    area_id: AreaId
    reason: str

    def key(self) -> str:
        """Return the visit's id."""
        return str(self.visit_id)
