"""Patients over HTTP: their keys for the rooms of the house, and their erasure."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.booking.api.documentation import problems
from services.booking.deps import Current
from services.booking.store import queries
from services.booking.store.visits import is_open
from shared.errors import Problem, not_found
from shared.events.ids import PatientId

router = APIRouter(tags=["booking"])


class KeyRequest(BaseModel):
    """Whose keys, and what for; the purpose stands in the record."""

    model_config = ConfigDict(extra="forbid")

    patient_ids: Annotated[list[UUID], Field(max_length=2000)]
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.:-]{0,59}$")]


class Keys(BaseModel):
    """Data keys in hex, by patient; one who was erased is missing."""

    keys: dict[UUID, str]


@router.post("/internal/patient-keys", include_in_schema=False)
async def post_patient_keys(state: Current, request: Request, wanted: KeyRequest) -> Keys:
    """Hand out patients' data keys to a room of the house; who got which, what for and when is recorded with it."""
    room = state.tokens.require_service(request)
    async with state.db.transaction() as session:
        wrapped = await queries.wrapped_keys(session, set(wanted.patient_ids))
        await queries.note_key_access(session, [patient for patient, _ in wrapped], room, wanted.purpose, state.clock())
    return Keys(keys={patient: state.vault.unwrap(PatientId(patient), key).hex() for patient, key in wrapped})


@router.delete("/v1/patients/{patient_id}", status_code=204, summary="Erase a patient", responses=problems(404, 409))
async def delete_patient(state: Current, patient_id: UUID) -> None:
    """Delete the patient's key and everything it sealed: names and addresses open nowhere any more, in no backup.

    Bookings stay as codes and times. Open ones have to be cancelled first. Once erased, again is no error.
    """
    async with state.db.transaction() as session:
        patient = await queries.lock_patient(session, patient_id)
        if patient is None:
            raise not_found("patient", patient_id)
        visits = await queries.visits_of_patient(session, patient_id)
        open_bookings = [str(visit.booking_id) for visit in visits if is_open(visit)]
        if open_bookings:
            detail = f"{len(open_bookings)} booking(s) are open: {', '.join(open_bookings)}. Cancel them, then erase."
            raise Problem(409, "patient-has-bookings", "The patient has open bookings", detail)
        if patient.erased_at is None:
            patient.wrapped_key = patient.profile = patient.reference_index = None
            patient.erased_at = state.clock()
            for visit in visits:
                visit.name = visit.address = visit.notes = None
