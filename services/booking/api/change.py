"""The commands that change a booking: new wishes, another address, calling it off."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.deps import BookingState
from services.booking.domain.area_choice import choose_area
from services.booking.domain.change import AddressChange, Cancel, Reschedule, may_cancel, may_change
from services.booking.domain.intake import address_problems
from services.booking.domain.progress import BookingStatus, Step
from services.booking.domain.refusal import refuse_if
from services.booking.domain.wishes import MINUTE, read_wishes, wished_dates
from services.booking.intake.replies import BookingReply, reply
from services.booking.intake.washout import hold_washout
from services.booking.store import queries
from services.booking.store.models import BookingRow, VisitDayRow, VisitRow, outbox
from services.booking.store.visits import pack_windows, put_status, say, standing_day, wish_days
from shared.areas import Area
from shared.errors import Problem, invalid, not_found
from shared.events.booking import VisitCancelled, VisitChanged
from shared.events.ids import AreaId, BookingId, PatientId, VisitId
from shared.events.values import Sealed
from shared.security.seal import open_sealed, seal


async def reschedule(state: BookingState, booking_id: UUID, wishes: Reschedule) -> BookingReply:
    """Replace the wishes about time. The same wishes again change nothing.

    Raises:
        Problem: 404, 409 once the nurse is on her way or the version moved on, 422 for wishes that cannot be.
    """
    async with state.db.transaction() as session:
        booking, visit, days = await _held(session, booking_id)
        _check(visit, days, wishes.version)
        area = _area(state, visit)
        windows = read_wishes(wishes, area, visit.duration_minutes * MINUTE, state.rules, state.clock())
        if pack_windows(windows) == visit.windows:
            return reply(booking, visit, days)
        visit.windows = pack_windows(windows)
        await hold_washout(session, state.catalogue, visit, area)
        days = wish_days(visit, days, wished_dates(windows, area))
        await _publish(state, session, visit, days)
        return reply(booking, visit, days)


async def move(state: BookingState, booking_id: UUID, change: AddressChange) -> BookingReply:
    """Replace the address; it is looked up anew. The same address again changes nothing.

    Raises:
        Problem: 404, 409 as for ``reschedule``, 422 for an address that cannot be.
    """
    async with state.db.transaction() as session:
        booking, visit, days = await _held(session, booking_id)
        _check(visit, days, change.version)
        refuse_if(address_problems(change))
        area = choose_area(None, change, state.areas())
        if area.id != visit.area_id:
            message = f"This address belongs to another area, {area.id}."
            raise invalid("street", message, "Cancel this booking and book again there.")
        patient = await queries.lock_patient(session, visit.patient_id)
        if patient is None or patient.wrapped_key is None or visit.address is None:
            raise not_found("patient", visit.patient_id)
        patient_id = PatientId(visit.patient_id)
        key = state.vault.unwrap(patient_id, patient.wrapped_key)
        before = open_sealed(key, Sealed(patient_id=patient_id, ciphertext=visit.address), "address")
        if before == change.one_line():
            return reply(booking, visit, days)
        visit.address = seal(key, patient_id, "address", change.one_line()).ciphertext
        visit.address_version += 1
        visit.place, visit.place_reason = "unknown", None
        await _publish(state, session, visit, days)
        return reply(booking, visit, days)


async def cancel(state: BookingState, booking_id: UUID, why: Cancel) -> BookingReply:
    """Call a booking off. A cancelled one stays as it is.

    Raises:
        Problem: 404; 409 once the nurse has arrived, or the visit is over.
    """
    async with state.db.transaction() as session:
        booking, visit, days = await _held(session, booking_id)
        if visit.cancelled_at is None:
            may_cancel(BookingStatus(visit.status))
            visit.cancelled_at, visit.cancel_reason = state.clock(), why.reason
            _touch(state, visit, days)
            event = VisitCancelled(
                aggregate_version=visit.version,
                visit_id=VisitId(visit.visit_id),
                booking_id=BookingId(visit.booking_id),
                area_id=AreaId(visit.area_id),
                reason=why.reason,
            )
            await outbox.add(session, event, correlation_id=str(booking_id))
        return reply(booking, visit, days)


async def _held(session: AsyncSession, booking_id: UUID) -> tuple[BookingRow, VisitRow, list[VisitDayRow]]:
    """Hold a booking's patient, then its visit; in another order an erasure and a change would wait for each other.

    With the patient held, no other visit of theirs is booked or moved while this one's rules are looked at.
    """
    patient_id = await queries.patient_of(session, booking_id)
    if patient_id is None:
        raise not_found("booking", booking_id)
    await queries.lock_patient(session, patient_id)
    found = await queries.booking_with_visit(session, booking_id, hold=True)
    if found is None:
        raise not_found("booking", booking_id)
    booking, visit = found
    return booking, visit, (await queries.days_of(session, visit.visit_id))[visit.visit_id]


def _area(state: BookingState, visit: VisitRow) -> Area:
    area = state.areas().get(AreaId(visit.area_id))
    if area is None:
        detail = f"The area {visit.area_id} is no longer there. Build it again, or cancel and book in another."
        raise Problem(409, "area-gone", "The area is gone", detail)
    return area


def _check(visit: VisitRow, days: list[VisitDayRow], seen: int | None) -> None:
    found = standing_day(visit, days)
    step = Step(found[0].step) if found and found[0].step else None
    may_change(BookingStatus(visit.status), step, visit.version, seen)


async def _publish(state: BookingState, session: AsyncSession, visit: VisitRow, days: list[VisitDayRow]) -> None:
    _touch(state, visit, days)
    session.add_all(days)
    await outbox.add(session, say(VisitChanged, visit), correlation_id=str(visit.booking_id))


def _touch(state: BookingState, visit: VisitRow, days: list[VisitDayRow]) -> None:
    visit.version += 1
    visit.changed_at = state.clock()
    put_status(visit, days)
