"""The command behind POST /v1/bookings: one transaction with booking, visit, event and stored reply."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.api.idempotency import only_one, stored_reply
from services.booking.api.replies import reply
from services.booking.api.washout import hold_washout
from services.booking.deps import BookingState
from services.booking.domain.intake import Intake, examine
from services.booking.domain.progress import BookingStatus
from services.booking.domain.request import BookingRequest, Patient
from services.booking.domain.wishes import MINUTE, wished_dates
from services.booking.store import queries
from services.booking.store.models import BookingRow, PatientRow, VisitRow, outbox
from services.booking.store.vault import PROFILE
from services.booking.store.visits import pack_windows, say, wish_days
from shared.clock import new_id
from shared.errors import Problem
from shared.events.booking import VisitRequested
from shared.events.ids import PatientId
from shared.security.seal import decrypt, encrypt, new_key, seal


@dataclass(frozen=True, slots=True)
class Booked:
    """What a POST is answered with.

    Attributes:
        body: the reply as JSON.
        replayed: it is the reply to an earlier request with the same key.
    """

    booking_id: UUID
    body: str
    replayed: bool


async def book(state: BookingState, request: BookingRequest, key: str) -> Booked:
    """Take a booking in, once for each key.

    Raises:
        Problem: it cannot be taken; the fields and remedies are named.
    """
    key_digest = state.vault.digest("idempotency-key", key)
    # Fields left out count as their defaults, so that a field added by a later release changes no fingerprint.
    fingerprint = state.vault.digest("payload", request.model_dump_json(exclude_defaults=True))
    with only_one(state.running, key_digest):
        try:
            return await _book_once(state, request, key_digest, fingerprint)
        except IntegrityError:
            # Another process took the key, the reference or the patient between our look and our insert. Its row is
            # there now, and a second look finds it.
            return await _book_once(state, request, key_digest, fingerprint)


async def _book_once(state: BookingState, request: BookingRequest, key_digest: str, fingerprint: str) -> Booked:
    async with state.db.transaction() as session:
        if known := await queries.known_bookings(session, key_digest, request.reference):
            return _again(known, key_digest, fingerprint)
        intake = examine(request, state.areas(), state.catalogue, state.rules, state.clock())
        patient, key = await _patient(state, session, request.patient)
        booking, visit = _rows(state, request, intake, patient, key)
        await hold_washout(session, state.catalogue, visit, intake.area)
        days = wish_days(visit, [], wished_dates(intake.windows, intake.area))
        body = reply(booking, visit, days).model_dump_json()
        booking.key_digest, booking.fingerprint, booking.reply = key_digest, fingerprint, body
        await queries.insert_booking(session, None if patient in session else patient, booking, visit, days)
        await outbox.add(session, say(VisitRequested, visit), correlation_id=str(booking.booking_id))
    return Booked(booking.booking_id, body, replayed=False)


def _again(known: Sequence[BookingRow], key_digest: str, fingerprint: str) -> Booked:
    """Return the reply to the key's first request.

    Raises:
        Problem: 422, that asked for something else; 409, the reference came under another key.
    """
    for booking in known:
        if booking.key_digest == key_digest:
            return Booked(booking.booking_id, stored_reply(booking, fingerprint), replayed=True)
    detail = (
        f"reference: booking {known[0].booking_id} has this reference already. "
        "Change or cancel that one, or give this one a reference of its own."
    )
    raise Problem(409, "reference-exists", "There is a booking with this reference", detail)


async def _patient(state: BookingState, session: AsyncSession, patient: Patient) -> tuple[PatientRow, bytes]:
    """Return the patient's row, new or known by reference and with what is told of them now, and the data key."""
    profile = patient.model_dump_json(exclude={"reference"}).encode()
    index = None if patient.reference is None else state.vault.digest("patient-reference", patient.reference)
    known = await queries.patient_by_index(session, index) if index is not None else None
    if known is not None and known.wrapped_key is not None and known.profile is not None:
        patient_id = PatientId(known.patient_id)
        key = state.vault.unwrap(patient_id, known.wrapped_key)
        if decrypt(key, known.profile, f"{PROFILE}|{patient_id}") != profile:
            known.profile = encrypt(key, profile, f"{PROFILE}|{patient_id}")
        return known, key
    patient_id, key = PatientId(new_id()), new_key()
    row = PatientRow(
        patient_id=patient_id,
        reference_index=index,
        wrapped_key=state.vault.wrap(patient_id, key),
        profile=encrypt(key, profile, f"{PROFILE}|{patient_id}"),
        created_at=state.clock(),
    )
    return row, key


def _rows(
    state: BookingState, request: BookingRequest, intake: Intake, patient: PatientRow, key: bytes
) -> tuple[BookingRow, VisitRow]:
    now = state.clock()
    patient_id = PatientId(patient.patient_id)
    booking = BookingRow(booking_id=new_id(), patient_id=patient_id, reference=request.reference, created_at=now)
    visit = VisitRow(
        visit_id=new_id(),
        booking_id=booking.booking_id,
        patient_id=patient_id,
        area_id=intake.area.id,
        status=BookingStatus.PROPOSED,
        services=list(intake.needs.services),
        duration_minutes=intake.needs.duration // MINUTE,
        skills=list(intake.needs.skills),
        licence_options=[list(option) for option in intake.needs.licence_options],
        windows=pack_windows(intake.windows),
        priority=request.priority,
        preferred_nurses=list(request.preferred_nurses),
        excluded_nurses=list(request.excluded_nurses),
        name=seal(key, patient_id, "patient_name", request.patient.first_name).ciphertext,
        address=seal(key, patient_id, "address", request.address.one_line()).ciphertext,
        notes=seal(key, patient_id, "notes", request.notes).ciphertext if request.notes else None,
        changed_at=now,
    )
    return booking, visit
