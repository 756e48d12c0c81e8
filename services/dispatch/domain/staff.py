"""Rules about nurses and shifts; each yields the problems it finds, with field and remedy."""

import datetime as dt
import difflib
import math
import re
from collections.abc import Iterable, Iterator, Sequence

from services.dispatch.domain.requests import NurseBody, PointBody, ShiftTimes
from shared.areas import Area
from shared.errors import FieldProblem, Problem

LICENCE = re.compile(r"(?P<kind>[A-Z]+):(?P<state>[A-Z]{2})")
KM_PER_DEGREE = 111.2
HOUR = dt.timedelta(hours=1)


def refuse_if(problems: Iterable[FieldProblem]) -> None:
    """Go on when there is no problem.

    Raises:
        Problem: 422 that names every field with what is wrong and what to do.
    """
    fields = list(problems)
    if fields:
        detail = " ".join(f"{field.field}: {field.message} {field.remedy}" for field in fields)
        raise Problem(422, "invalid-request", "The request is not valid", detail, fields=fields)


def nurse_problems(nurse: NurseBody, skills: Sequence[str], kinds: Sequence[str]) -> Iterator[FieldProblem]:
    """Every skill and licence is one that planning knows; a misspelt one would never match a visit."""
    for index, skill in enumerate(nurse.skills):
        if skill not in skills:
            remedy = f"{_did_you_mean(skill, skills)}The skills are {', '.join(skills)}."
            yield FieldProblem(f"skills.{index}", f"{skill} is not a known skill.", remedy)
    for index, licence in enumerate(nurse.licences):
        match = LICENCE.fullmatch(licence)
        if match is None:
            message = f"{licence} is not of the form KIND:STATE."
            yield FieldProblem(f"licences.{index}", message, "Write it like RN:OH.")
        elif match["kind"] not in kinds:
            remedy = f"{_did_you_mean(match['kind'], kinds)}The kinds are {', '.join(kinds)}."
            yield FieldProblem(f"licences.{index}", f"{match['kind']} is not a known kind of licence.", remedy)


def shift_problems(shift: ShiftTimes, area: Area, longest: dt.timedelta, near_km: float) -> Iterator[FieldProblem]:
    """A shift goes forward in time, is no longer than a day's work, and begins and ends where the area's map is."""
    length = shift.end - shift.start
    if length <= dt.timedelta():
        yield FieldProblem("end", "The shift ends before it starts.", "Give an end after the start.")
    elif length > longest:
        message = f"The shift is {length / HOUR:g} hours long; the longest is {longest / HOUR:g}."
        yield FieldProblem("end", message, "Make two shifts of it.")
    else:
        yield from _break_problems(shift)
    for field, point in (("start_point", shift.start_point), ("end_point", shift.end_point)):
        distance = km_outside(point, area.bbox) if point else 0.0
        if distance > near_km:
            message = f"The place lies {distance:,.0f} km outside {area.name}."
            yield FieldProblem(field, message, "Check that lat and lon are not swapped, or name another area.")


def _break_problems(shift: ShiftTimes) -> Iterator[FieldProblem]:
    for index, pause in enumerate(shift.breaks):
        if pause.earliest < shift.start or pause.latest > shift.end:
            message = "The break lies outside the shift."
            yield FieldProblem(f"breaks.{index}", message, "Let it begin and end within the shift's times.")
        elif pause.latest - pause.earliest < dt.timedelta(minutes=pause.duration_minutes):
            message = f"{pause.duration_minutes} minutes do not fit between earliest and latest."
            yield FieldProblem(f"breaks.{index}", message, "Widen the window or shorten the break.")


def km_outside(point: PointBody, bbox: tuple[float, float, float, float]) -> float:
    """Return how many kilometres, about, a point lies outside a box of west, south, east, north; 0 within."""
    west, south, east, north = bbox
    lat = max(south - point.lat, 0.0, point.lat - north)
    lon = max(west - point.lon, 0.0, point.lon - east) * math.cos(math.radians(point.lat))
    return math.hypot(lat, lon) * KM_PER_DEGREE


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    spelling = {entry.lower(): entry for entry in known}
    close = difflib.get_close_matches(word.lower(), list(spelling), n=1)
    return f"Did you mean {spelling[close[0]]}? " if close else ""
