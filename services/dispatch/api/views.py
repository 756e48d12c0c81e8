"""What callers are shown of nurses and shifts."""

import datetime as dt
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.dispatch.domain.requests import NURSE, SHIFT, BreakBody
from services.dispatch.store.models import NurseRow, ShiftRow
from shared.events.dispatch import ShiftChanged, ShiftOpened
from shared.events.ids import AreaId, NurseId, NurseRef, ShiftId
from shared.events.values import Break, GeoPoint

SHIFT_ID = "01976d6e-0000-7000-8000-000000000041"


class ShiftStatus(StrEnum):
    """Whether a shift will be worked."""

    OPEN = "open"
    CLOSED = "closed"


NURSE_EXAMPLE = {"nurse_id": SHIFT["nurse_id"], **NURSE, "version": 1}
SHIFT_EXAMPLE = {
    "shift_id": SHIFT_ID,
    "nurse_ref": "N07",
    "date": "2030-05-06",
    "status": "open",
    "version": 1,
    **SHIFT,
}


class NurseView(BaseModel):
    """A nurse; ``version`` grows with each change."""

    model_config = ConfigDict(json_schema_extra={"examples": [NURSE_EXAMPLE]})

    nurse_id: NurseId
    nurse_ref: NurseRef
    name: str
    skills: list[str]
    licences: list[str]
    version: int


class NursesView(BaseModel):
    """Nurses by staff code."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"nurses": [NURSE_EXAMPLE]}]})

    nurses: list[NurseView]


class ShiftView(BaseModel):
    """A shift; ``date`` is the area's calendar date of its start, ``version`` grows with each change."""

    model_config = ConfigDict(json_schema_extra={"examples": [SHIFT_EXAMPLE]})

    shift_id: ShiftId
    nurse_id: NurseId
    nurse_ref: NurseRef
    area_id: AreaId
    date: dt.date
    start: AwareDatetime
    end: AwareDatetime
    start_point: GeoPoint
    end_point: GeoPoint
    breaks: list[BreakBody]
    status: ShiftStatus
    version: int


class ShiftsView(BaseModel):
    """Shifts by start."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"shifts": [SHIFT_EXAMPLE]}]})

    shifts: list[ShiftView]


def nurse_view(row: NurseRow) -> NurseView:
    """Show a nurse."""
    return NurseView.model_validate(row, from_attributes=True)


def shift_view(shift: ShiftRow, nurse: NurseRow) -> ShiftView:
    """Show a shift."""
    return ShiftView(
        shift_id=ShiftId(shift.shift_id),
        nurse_id=NurseId(shift.nurse_id),
        nurse_ref=NurseRef(nurse.nurse_ref),
        area_id=AreaId(shift.area_id),
        date=shift.date,
        start=shift.starts_at,
        end=shift.ends_at,
        start_point=GeoPoint(lat=shift.start_lat, lon=shift.start_lon),
        end_point=GeoPoint(lat=shift.end_lat, lon=shift.end_lon),
        breaks=[BreakBody.model_validate(pause) for pause in shift.breaks],
        status=ShiftStatus.CLOSED if shift.closed else ShiftStatus.OPEN,
        version=shift.version,
    )


def shift_said[E: (ShiftOpened, ShiftChanged)](kind: type[E], shift: ShiftRow, nurse: NurseRow) -> E:
    """Return the event with all that planning may know of a shift."""
    view = shift_view(shift, nurse)
    breaks: tuple[Break, ...] = tuple(pause.as_event() for pause in view.breaks)
    return kind(
        aggregate_version=view.version,
        shift_id=view.shift_id,
        nurse_id=view.nurse_id,
        nurse_ref=view.nurse_ref,
        area_id=view.area_id,
        date=view.date,
        start=view.start,
        end=view.end,
        start_point=view.start_point,
        end_point=view.end_point,
        breaks=breaks,
        skills=tuple(nurse.skills),
        licences=tuple(nurse.licences),
    )
