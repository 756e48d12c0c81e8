"""The live day: what each nurse has, and what she says she does."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.dispatch.api.views import SHIFT_ID
from services.dispatch.deps import Current, DispatchState
from services.dispatch.domain.acts import RESULT, Act, ActCommand, require_hers, take_act
from services.dispatch.domain.day import TASK_STATUS, Assignment, Progress, TaskStatus
from services.dispatch.domain.requests import SHIFT, Wire
from services.dispatch.store import days
from services.dispatch.store.causes import correlated
from services.dispatch.store.models import ActRow, ShiftRow
from services.dispatch.store.writing import keep_act, write
from shared.errors import Problem, not_found
from shared.events.dispatch import MissReason
from shared.events.ids import AreaId, EventId, NurseId, NurseRef, ShiftId, VisitId
from shared.http import problem_responses

router = APIRouter(prefix="/v1", tags=["dispatch"])

VISIT_ID = "01976d6e-0000-7000-8000-000000000311"
ACT_ID = "01976d6e-0000-7000-8000-000000000a01"


class ActBody(Wire):
    """A nurse's word about a visit. The order is en route, arrived, done; accept may come before them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "act_id": ACT_ID,
                    "act": "arrived",
                    "nurse_id": SHIFT["nurse_id"],
                    "at": "2030-05-06T09:02:00-04:00",
                }
            ]
        }
    )

    act_id: EventId = Field(description="Made by the phone; the same id again gets the same answer and one effect.")
    act: Act
    nurse_id: NurseId
    at: AwareDatetime | None = Field(default=None, description="When she did it; by default now.")
    reason: MissReason | None = Field(default=None, description="Why the visit could not be done; for missed only.")


class ActReply(BaseModel):
    """Where the visit stands now. ``changed`` is false when it had the act behind it already."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "act_id": ACT_ID,
                    "visit_id": VISIT_ID,
                    "act": "arrived",
                    "status": "in-progress",
                    "business_status": "arrived",
                    "at": "2030-05-06T13:02:00Z",
                    "changed": True,
                }
            ]
        }
    )

    act_id: EventId
    visit_id: VisitId
    act: Act
    status: TaskStatus
    business_status: Progress
    at: AwareDatetime
    changed: bool


ASSIGNMENT_EXAMPLE: dict[str, Any] = {
    "visit_id": VISIT_ID,
    "shift_id": SHIFT_ID,
    "nurse_id": SHIFT["nurse_id"],
    "nurse_ref": "N07",
    "status": "in-progress",
    "business_status": "arrived",
    "arrival": "2030-05-06T13:00:00Z",
    "start": "2030-05-06T13:00:00Z",
    "end": "2030-05-06T13:20:00Z",
    "accepted_at": None,
    "en_route_at": "2030-05-06T12:48:00Z",
    "arrived_at": "2030-05-06T13:02:00Z",
    "done_at": None,
    "missed_at": None,
    "miss_reason": None,
}


class AssignmentView(BaseModel):
    """A visit on a nurse's route: FHIR Task status, the nurse's own words for it, planned and actual times."""

    model_config = ConfigDict(json_schema_extra={"examples": [ASSIGNMENT_EXAMPLE]})

    visit_id: VisitId
    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    status: TaskStatus
    business_status: Progress
    arrival: AwareDatetime
    start: AwareDatetime
    end: AwareDatetime
    accepted_at: AwareDatetime | None
    en_route_at: AwareDatetime | None
    arrived_at: AwareDatetime | None
    done_at: AwareDatetime | None
    missed_at: AwareDatetime | None
    miss_reason: MissReason | None


class AssignmentsView(BaseModel):
    """A day's assignments by nurse and planned time. ``plan_version`` 0: nothing was handed out yet."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"plan_version": 3, "assignments": [ASSIGNMENT_EXAMPLE]}]}
    )

    plan_version: int
    assignments: list[AssignmentView]


@router.get("/assignments", summary="List the assignments of a day", responses=problem_responses(422))
async def list_assignments(
    area_id: Annotated[AreaId, Query(description="The area.")],
    date: Annotated[dt.date, Query(description="The area's calendar date.")],
    state: Current,
) -> AssignmentsView:
    """List who goes where and when, and how far each visit has come."""
    async with state.db.reading() as session:
        found = await days.assignments_of_day(session, area_id, date)
        return AssignmentsView(
            plan_version=await days.plan_version(session, area_id, date),
            assignments=[_view(assignment) for assignment in found],
        )


@router.post("/visits/{visit_id}/acts", summary="Say what a nurse does", responses=problem_responses(404, 409, 422))
async def act(visit_id: VisitId, body: ActBody, state: Current) -> ActReply:
    """Take a nurse's act.

    An act that the visit has behind it answers 200 and changes nothing. Refusals (409) have these types: ``not-yours``,
    ``out-of-order``, ``another-under-way``, ``visit-over``, ``act-id-taken``.
    """
    command = ActCommand(body.act_id, visit_id, body.nurse_id, body.act, body.at, body.reason)
    async with state.db.transaction() as session:
        earlier = await days.earlier_act(session, body.act_id)
        if earlier is not None:
            return _same_answer(earlier, command)
        return await _act_once(session, state, command)


def _same_answer(earlier: ActRow, command: ActCommand) -> ActReply:
    if (earlier.visit_id, earlier.nurse_id, earlier.act) != (command.visit_id, command.nurse_id, command.act):
        detail = f"The id {command.act_id} was used for another act. Make a fresh one for each act."
        raise Problem(409, "act-id-taken", "This act id was used before", detail)
    return ActReply.model_validate_json(earlier.reply)


async def _act_once(session: AsyncSession, state: DispatchState, command: ActCommand) -> ActReply:
    now = state.clock()
    standing = await days.lock_standing(session, command.visit_id)
    if standing is None and not await days.was_ever_assigned(session, command.visit_id):
        raise not_found("assignment of visit", command.visit_id)
    standing = require_hers(standing, command.nurse_id)
    shift = await session.get_one(ShiftRow, standing.shift_id)
    area = state.areas().get(standing.area_id)
    under_way = await days.under_way(session, standing.shift_id)
    event = take_act(command, standing, under_way, shift.starts_at, area.zone if area else dt.UTC, now)
    progress = RESULT[command.act] if event else standing.progress
    reply = ActReply(
        act_id=command.act_id,
        visit_id=command.visit_id,
        act=command.act,
        status=TASK_STATUS[progress],
        business_status=progress,
        at=event.at if event else standing.last_at or now,
        changed=event is not None,
    )
    if event:
        said = await write(session, [event])
        await state.outbox.add(session, *said, cause_of=await correlated(session, said))
    keep_act(session, command, reply.at, now, reply.model_dump_json())
    return reply


def _view(assignment: Assignment) -> AssignmentView:
    return AssignmentView(
        status=TASK_STATUS[assignment.progress],
        business_status=assignment.progress,
        **{name: getattr(assignment, name) for name in AssignmentView.model_fields if hasattr(assignment, name)},
    )
