"""What a caller says about nurses and shifts, as it comes in. Shapes are checked here, rules elsewhere."""

import datetime as dt
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.events.ids import AreaId, NurseId, NurseRef
from shared.events.values import Break, GeoPoint

type StaffCode = Annotated[NurseRef, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
type Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
type Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
type Words = Annotated[tuple[Word, ...], Field(max_length=40)]
type Version = Annotated[int, Field(ge=1)]

NURSE: dict[str, Any] = {
    "nurse_ref": "N07",
    "name": "Maria Example",
    "skills": ["injection", "venipuncture"],
    "licences": ["RN:OH"],
}
TIMES: dict[str, Any] = {
    "start": "2030-05-06T08:00:00-04:00",
    "end": "2030-05-06T16:30:00-04:00",
    "start_point": {"lat": 40.06, "lon": -82.42},
    "end_point": {"lat": 40.06, "lon": -82.42},
    "breaks": [
        {"duration_minutes": 30, "earliest": "2030-05-06T11:00:00-04:00", "latest": "2030-05-06T13:30:00-04:00"}
    ],
}
SHIFT: dict[str, Any] = {
    "nurse_id": "01976d6e-0000-7000-8000-000000000007",
    "area_id": "harlan-mills-oh",
    **TIMES,
}


class Wire(BaseModel):
    """A body that comes in: a misspelt field is refused by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NurseBody(Wire):
    """All there is to say about a nurse."""

    model_config = ConfigDict(json_schema_extra={"examples": [NURSE]})

    nurse_ref: StaffCode = Field(description="Your own staff code for her; one nurse each.")
    name: Name
    skills: Words = Field(description="What she is able to do, in the words of the catalogue of services.")
    licences: Words = Field(description="KIND:STATE pairs; she works in the states named.")


class NurseChange(NurseBody):
    """The nurse as she is to be."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**NURSE, "version": 1}]})

    version: Version | None = Field(
        default=None, description="The version this change was made on; given, a newer one refuses the change."
    )


class PointBody(Wire):
    """A place, WGS84 degrees."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]

    def point(self) -> GeoPoint:
        """Return it as events carry it."""
        return GeoPoint(lat=self.lat, lon=self.lon)


class BreakBody(Wire):
    """A pause: begun at ``earliest`` or later, over by ``latest``."""

    duration_minutes: Annotated[int, Field(ge=1, le=480)]
    earliest: AwareDatetime
    latest: AwareDatetime

    def as_event(self) -> Break:
        """Return it as events carry it."""
        duration = dt.timedelta(minutes=self.duration_minutes)
        return Break(duration=duration, earliest=self.earliest, latest=self.latest)


class ShiftTimes(Wire):
    """When and between which places a nurse works."""

    start: AwareDatetime
    end: AwareDatetime
    start_point: PointBody = Field(description="Where she sets out.")
    end_point: PointBody | None = Field(default=None, description="Where she ends; by default where she set out.")
    breaks: Annotated[tuple[BreakBody, ...], Field(max_length=5)] = ()

    @property
    def end_or_start_point(self) -> PointBody:
        """The place where she ends."""
        return self.end_point or self.start_point


class ShiftBody(ShiftTimes):
    """A new shift of a nurse in an area."""

    model_config = ConfigDict(json_schema_extra={"examples": [SHIFT]})

    nurse_id: NurseId
    area_id: AreaId


class ShiftChange(ShiftTimes):
    """The shift as it is to be; it keeps its nurse, its area and its date."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**TIMES, "version": 1}]})

    version: Version | None = Field(
        default=None, description="The version this change was made on; given, a newer one refuses the change."
    )
