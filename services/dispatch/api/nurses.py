"""Nurses: who they are, what they can and may do."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.dispatch.api.views import NursesView, NurseView, nurse_view, shift_said
from services.dispatch.deps import Current, DispatchState
from services.dispatch.domain.requests import NurseBody, NurseChange, StaffCode
from services.dispatch.domain.staff import nurse_problems, refuse_if
from services.dispatch.store import staff
from services.dispatch.store.models import NurseRow
from shared.clock import new_id
from shared.errors import Problem, not_found
from shared.events.dispatch import ShiftChanged
from shared.events.ids import NurseId, NurseRef
from shared.http import problem_responses

router = APIRouter(tags=["dispatch"])


class NurseName(BaseModel):
    """A nurse's name, for the rooms that show it."""

    nurse_id: NurseId
    nurse_ref: NurseRef
    name: str


@router.post("/v1/nurses", status_code=201, summary="Add a nurse", responses=problem_responses(409, 422))
async def add_nurse(body: NurseBody, state: Current) -> NurseView:
    """Add a nurse under your own staff code; a code that is taken answers 409 and names who has it."""
    _check(body, state)
    async with state.db.transaction() as session:
        await _require_free_ref(session, body.nurse_ref)
        row = NurseRow(nurse_id=new_id(), **_columns(body))
        session.add(row)
        await session.flush()
        return nurse_view(row)


@router.get("/v1/nurses", summary="List nurses", responses=problem_responses(422))
async def list_nurses(
    state: Current,
    nurse_ref: Annotated[StaffCode | None, Query(description="Only the one with this staff code.")] = None,
) -> NursesView:
    """List every nurse by staff code, or find one."""
    async with state.db.reading() as session:
        return NursesView(nurses=[nurse_view(row) for row in await staff.nurses(session, nurse_ref)])


@router.put("/v1/nurses/{nurse_id}", summary="Change a nurse", responses=problem_responses(404, 409, 422))
async def change_nurse(nurse_id: NurseId, body: NurseChange, state: Current) -> NurseView:
    """Replace what is known of a nurse. Her shifts that are not over are planned with the new skills and licences."""
    _check(body, state)
    async with state.db.transaction() as session:
        row = await staff.lock_nurse(session, nurse_id)
        if row is None:
            raise not_found("nurse", nurse_id)
        require_version(body.version, row.version, "nurse")
        if body.nurse_ref != row.nurse_ref:
            await _require_free_ref(session, body.nurse_ref)
        wanted = _columns(body)
        changed = {name for name, value in wanted.items() if getattr(row, name) != value}
        if changed:
            row.sqlmodel_update(wanted)
            row.version += 1
        if changed - {"name"}:
            await _say_shifts_again(session, row, state)
        await session.flush()
        return nurse_view(row)


@router.get("/internal/nurses", include_in_schema=False)
async def nurse_names(request: Request, state: Current) -> list[NurseName]:
    """Tell another room the nurses' names."""
    state.tokens.require_service(request)
    async with state.db.reading() as session:
        return [NurseName.model_validate(row, from_attributes=True) for row in await staff.nurses(session)]


def require_version(given: int | None, present: int, what: str) -> None:
    """Go on unless the caller changes something that was changed since it looked.

    Raises:
        Problem: 409.
    """
    if given is not None and given != present:
        detail = f"This {what} was changed in the meantime (version {present}, not {given}). Read it, then change it."
        raise Problem(409, "changed-meanwhile", "Someone else changed it", detail)


def _check(body: NurseBody, state: DispatchState) -> None:
    refuse_if(nurse_problems(body, state.settings.skills, state.settings.licences))


def _columns(body: NurseBody) -> dict[str, Any]:
    return {
        "nurse_ref": body.nurse_ref,
        "name": body.name,
        "skills": sorted(set(body.skills)),
        "licences": sorted(set(body.licences)),
    }


async def _require_free_ref(session: AsyncSession, nurse_ref: NurseRef) -> None:
    for known in await staff.nurses(session, nurse_ref):
        detail = (
            f"Nurse {known.nurse_id} has the staff code {nurse_ref} already. Change that one, or give another code."
        )
        raise Problem(409, "nurse-exists", "There is a nurse with this staff code", detail)


async def _say_shifts_again(session: AsyncSession, nurse: NurseRow, state: DispatchState) -> None:
    for shift in await staff.open_shifts_until(session, NurseId(nurse.nurse_id), state.clock()):
        shift.version += 1
        await state.outbox.add(session, shift_said(ShiftChanged, shift, nurse))
