"""Shifts: who works when, and between which places."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlmodel.ext.asyncio.session import AsyncSession

from services.dispatch.api.nurses import require_version
from services.dispatch.api.views import ShiftsView, ShiftView, shift_said, shift_view
from services.dispatch.deps import Current, DispatchState
from services.dispatch.domain.requests import BreakBody, ShiftBody, ShiftChange, ShiftTimes
from services.dispatch.domain.staff import refuse_if, shift_problems
from services.dispatch.domain.withdrawals import close_shift
from services.dispatch.store import staff
from services.dispatch.store.causes import correlated
from services.dispatch.store.days import load_day, lock_day
from services.dispatch.store.models import ShiftRow
from services.dispatch.store.writing import write
from shared.areas import Area
from shared.clock import new_id
from shared.errors import Problem, invalid, not_found
from shared.events.dispatch import ShiftChanged, ShiftClosed, ShiftOpened
from shared.events.ids import AreaId, NurseId, ShiftId
from shared.http import problem_responses

router = APIRouter(prefix="/v1/shifts", tags=["dispatch"])


@router.post("", status_code=201, summary="Open a shift", responses=problem_responses(404, 409, 422))
async def open_shift(body: ShiftBody, state: Current) -> ShiftView:
    """Say that a nurse will work. A shift that shares time with another of hers answers 409 and names that one."""
    area = _area(state, body.area_id)
    _check(body, area, state)
    async with state.db.transaction() as session:
        nurse = await staff.lock_nurse(session, body.nurse_id)
        if nurse is None:
            raise not_found("nurse", body.nurse_id)
        await _require_free_time(session, body.nurse_id, body, area)
        shift = ShiftRow(
            shift_id=new_id(),
            nurse_id=body.nurse_id,
            area_id=body.area_id,
            date=area.local_date(body.start),
            **_columns(body),
        )
        session.add(shift)
        await state.outbox.add(session, shift_said(ShiftOpened, shift, nurse))
        return shift_view(shift, nurse)


@router.get("", summary="List shifts", responses=problem_responses(422))
async def list_shifts(
    state: Current,
    area_id: Annotated[AreaId | None, Query(description="Only those in this area.")] = None,
    date: Annotated[dt.date | None, Query(description="Only those that start on this date of their area.")] = None,
    nurse_id: Annotated[NurseId | None, Query(description="Only those of this nurse.")] = None,
) -> ShiftsView:
    """List shifts by start, closed ones too."""
    async with state.db.reading() as session:
        found = await staff.shifts_with_nurses(session, area_id=area_id, date=date, nurse_id=nurse_id)
        return ShiftsView(shifts=[shift_view(shift, nurse) for shift, nurse in found])


@router.put("/{shift_id}", summary="Change a shift", responses=problem_responses(404, 409, 422))
async def change_shift(shift_id: ShiftId, body: ShiftChange, state: Current) -> ShiftView:
    """Replace a shift's times, places and breaks. The same again changes nothing."""
    async with state.db.transaction() as session:
        found = await staff.lock_shift(session, shift_id)
        if found is None:
            raise not_found("shift", shift_id)
        shift, nurse = found
        area = _area(state, AreaId(shift.area_id))
        _check(body, area, state)
        require_version(body.version, shift.version, "shift")
        _require_changeable(shift, body, area)
        await _require_free_time(session, NurseId(shift.nurse_id), body, area, but=shift_id)
        wanted = _columns(body)
        if any(getattr(shift, name) != value for name, value in wanted.items()):
            shift.sqlmodel_update(wanted)
            shift.version += 1
            await state.outbox.add(session, shift_said(ShiftChanged, shift, nurse))
        return shift_view(shift, nurse)


@router.post("/{shift_id}/close", summary="Close a shift", responses=problem_responses(404, 422))
async def close(shift_id: ShiftId, state: Current) -> ShiftView:
    """Say that a nurse will not work (any more). What she has not begun is taken back and planned anew."""
    async with state.db.transaction() as session:
        found = await staff.lock_shift(session, shift_id)
        if found is None:
            raise not_found("shift", shift_id)
        shift, nurse = found
        if not shift.closed:
            shift.closed = True
            shift.version += 1
            day = await load_day(session, await lock_day(session, shift.area_id, shift.date))
            events = await write(session, close_shift(day, shift_id))
            closed = ShiftClosed(
                aggregate_version=shift.version,
                shift_id=shift_id,
                nurse_id=NurseId(shift.nurse_id),
                area_id=AreaId(shift.area_id),
                date=shift.date,
            )
            await state.outbox.add(session, closed, *events, cause_of=await correlated(session, events))
        return shift_view(shift, nurse)


def _area(state: DispatchState, area_id: AreaId) -> Area:
    areas = state.areas()
    if area_id not in areas:
        listed = ", ".join(areas) or "none yet: build one with `rounds area build`"
        raise invalid("area_id", f"There is no area {area_id}.", f"The areas are: {listed}.")
    return areas[area_id]


def _check(body: ShiftTimes, area: Area, state: DispatchState) -> None:
    refuse_if(shift_problems(body, area, state.settings.longest_shift, state.settings.near_km))


def _require_changeable(shift: ShiftRow, body: ShiftChange, area: Area) -> None:
    if shift.closed:
        raise Problem(409, "shift-closed", "The shift is closed", "This shift is closed. Open another one.")
    if area.local_date(body.start) != shift.date:
        detail = f"A shift keeps its date, here {shift.date}. Close it and open one on the other date."
        raise Problem(409, "other-date", "A shift keeps its date", detail)


async def _require_free_time(
    session: AsyncSession, nurse_id: NurseId, body: ShiftTimes, area: Area, but: ShiftId | None = None
) -> None:
    other = await staff.overlapping(session, nurse_id, body.start, body.end, but)
    if other is not None:
        start, end = other.starts_at.astimezone(area.zone), other.ends_at.astimezone(area.zone)
        detail = (
            f"She works already from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} (shift {other.shift_id}). "
            "Change that shift, or choose other times."
        )
        raise Problem(409, "shift-overlaps", "The nurse has another shift then", detail)


def _columns(body: ShiftTimes) -> dict[str, Any]:
    end_point = body.end_or_start_point
    return {
        "starts_at": body.start.astimezone(dt.UTC),
        "ends_at": body.end.astimezone(dt.UTC),
        "start_lat": body.start_point.lat,
        "start_lon": body.start_point.lon,
        "end_lat": end_point.lat,
        "end_lon": end_point.lon,
        "breaks": [_utc(pause) for pause in body.breaks],
    }


def _utc(pause: BreakBody) -> dict[str, Any]:
    utc = pause.model_copy(
        update={"earliest": pause.earliest.astimezone(dt.UTC), "latest": pause.latest.astimezone(dt.UTC)}
    )
    return utc.model_dump(mode="json")
