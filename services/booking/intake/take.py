"""Taking requests in: booking, visit, event and the reply to their key, all of them or none."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.deps import BookingState
from services.booking.domain.intake import Booked, Entry, Intake, examine
from services.booking.domain.progress import BookingStatus
from services.booking.domain.wishes import MINUTE, wished_dates
from services.booking.intake.idempotency import answered_before, only_one
from services.booking.intake.replies import reply
from services.booking.intake.washout import hold_washout
from services.booking.store import queries
from services.booking.store.models import outbox
from services.booking.store.new import NewBooking, NewRows, NewVisit
from services.booking.store.queries import KnownPatient
from services.booking.store.vault import PROFILE
from services.booking.store.visits import pack_windows, say
from shared.clock import new_id
from shared.errors import Problem
from shared.events.booking import VisitRequested
from shared.events.booking_request import BookingRequest
from shared.events.ids import PatientId
from shared.events.registry import Event
from shared.events.values import Cause
from shared.observability.tracing import traceparent
from shared.security.seal import decrypt, encrypt, new_key, seal


async def book(state: BookingState, request: BookingRequest, key: str) -> Booked:
    """Take a request in, together with those that come at the same time.

    Raises:
        Problem: it cannot be taken; the fields and remedies are named. 503: more comes in than can be stored.
    """
    if state.together.is_full:
        detail = (
            "More bookings come in than this process can store. Nothing was changed; repeat the request in a second."
        )
        raise Problem(503, "overloaded", "Too many bookings at once", detail, headers={"Retry-After": "1"})
    entry = enter(state, request, key)
    with only_one(state.running, entry.key_digest):
        outcome = await state.together.run(partial(take, state), entry, entry.claims)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def enter(state: BookingState, request: BookingRequest, key: str) -> Entry:
    """Return a request as it goes in, under the key that names it."""
    patient = request.patient.reference
    return Entry(
        request=request,
        key_digest=state.vault.digest("idempotency-key", key),
        # Fields left out count as their defaults, so that a field added by a later release changes no fingerprint.
        fingerprint=state.vault.digest("payload", request.model_dump_json(exclude_defaults=True)),
        patient_index=None if patient is None else state.vault.digest("patient-reference", patient),
        traceparent=traceparent(),
    )


async def take(state: BookingState, session: AsyncSession, entries: Sequence[Entry]) -> list[Booked | Problem]:
    """Take requests in, in the caller's transaction; no two of them share a claim.

    Returns:
        For each of them, in their order, the reply or what stands against it.
    """
    references = {entry.request.reference for entry in entries if entry.request.reference is not None}
    known = await queries.known_bookings(session, {entry.key_digest for entry in entries}, references)
    by_key = {booking.key_digest: booking for booking in known}
    by_reference = {booking.reference: booking for booking in known if booking.reference is not None}
    indexes = {entry.patient_index for entry in entries if entry.patient_index is not None}
    patients = await queries.lock_known_patients(session, indexes)
    outcomes: list[Booked | Problem] = []
    new: list[tuple[Entry, NewRows]] = []
    for entry in entries:
        try:
            before = by_reference.get(entry.request.reference or "")
            if (booked := answered_before(entry, by_key.get(entry.key_digest), before)) is None:
                made = await _made(state, session, entry, patients.get(entry.patient_index or ""))
                booked = Booked(made.booking.booking_id, made.booking.reply, replayed=False)
                new.append((entry, made))
            outcomes.append(booked)
        except Problem as problem:
            outcomes.append(problem)
    if new:
        await queries.insert_bookings(session, [made for _, made in new])
        await _say(session, new)
    return outcomes


async def _say(session: AsyncSession, new: Sequence[tuple[Entry, NewRows]]) -> None:
    """Say each visit under its booking and under the trace of its request."""
    causes = {
        made.visit.visit_id: Cause(
            correlation_id=str(made.booking.booking_id),
            traceparent=entry.traceparent,
            requested_at=made.booking.created_at,
        )
        for entry, made in new
    }

    def cause_of(event: Event) -> Cause | None:
        return causes[event.visit_id] if isinstance(event, VisitRequested) else None

    await outbox.add(session, *(say(VisitRequested, made.visit) for _, made in new), cause_of=cause_of)


async def _made(state: BookingState, session: AsyncSession, entry: Entry, known: KnownPatient | None) -> NewRows:
    """Return a booking as it is to be stored.

    Raises:
        Problem: it cannot be.
    """
    intake = examine(entry.request, state.areas(), state.catalogue, state.rules, state.clock())
    patient, told, patient_id, key = _patient(state, entry, known)
    booking = NewBooking(
        booking_id=new_id(),
        patient_id=patient_id,
        reference=entry.request.reference,
        created_at=state.clock(),
        key_digest=entry.key_digest,
        fingerprint=entry.fingerprint,
    )
    visit = _visit(entry.request, intake, booking, patient_id, key)
    if known is not None:
        await hold_washout(session, state.catalogue, visit, intake.area)
    booking.reply = reply(booking, visit, ()).model_dump_json()
    return NewRows(patient, told, booking, visit, wished_dates(intake.windows, intake.area))


def _patient(
    state: BookingState, entry: Entry, known: KnownPatient | None
) -> tuple[dict[str, Any] | None, bytes | None, PatientId, bytes]:
    """Return the row to add or, of a known patient, what is told anew; and the patient's id and data key."""
    profile = entry.request.patient.model_dump_json(exclude={"reference"}).encode()
    if known is not None:
        patient_id = PatientId(known.patient_id)
        key = state.vault.unwrap(patient_id, known.wrapped_key)
        purpose = f"{PROFILE}|{patient_id}"
        told = None if decrypt(key, known.profile, purpose) == profile else encrypt(key, profile, purpose)
        return None, told, patient_id, key
    patient_id, key = PatientId(new_id()), new_key()
    row = {
        "patient_id": patient_id,
        "reference_index": entry.patient_index,
        "wrapped_key": state.vault.wrap(patient_id, key),
        "profile": encrypt(key, profile, f"{PROFILE}|{patient_id}"),
        "created_at": state.clock(),
    }
    return row, None, patient_id, key


def _visit(request: BookingRequest, intake: Intake, booking: NewBooking, patient_id: PatientId, key: bytes) -> NewVisit:
    return NewVisit(
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
        changed_at=booking.created_at,
    )
