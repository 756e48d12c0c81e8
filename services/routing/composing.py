"""From what the room knows of a day to a planning problem."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from services.routing.domain.plan import Plan, Reason, Unassigned
from services.routing.domain.plan import Route as PlannedRoute
from services.routing.domain.plan import Stop as PlannedStop
from services.routing.domain.prices import Price
from services.routing.domain.problem import (
    UNREACHABLE,
    Begun,
    BegunBreak,
    BegunVisit,
    Break,
    Problem,
    Shift,
    Travel,
    Visit,
    Window,
)
from services.routing.store.models import BegunRow, PlaceRow, VisitRow
from services.routing.store.queries import DayInput
from services.routing.travel.port import Point, TravelMatrix
from shared.events.dispatch import ShiftState
from shared.events.ids import NurseId, NurseRef, ShiftId, VisitId
from shared.events.routing import PlanCommitted, Route
from shared.events.values import GeoPoint, Priority, Stop, TimeWindow

UNKNOWN_STATE = "an unknown state"
"""Where the map does not say in which of an area's states a place lies: no licence holds there until someone says."""


class VisitFacts(BaseModel):
    """What planning reads of a visit's stored state."""

    duration: dt.timedelta
    windows: tuple[TimeWindow, ...]
    skills: tuple[str, ...]
    licence_options: tuple[tuple[str, ...], ...]
    priority: Priority
    preferred_nurses: tuple[NurseRef, ...]
    excluded_nurses: tuple[NurseRef, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day's input, read: everything but the travel times.

    Attributes:
        sites: every place of the day once; the problem's visits and shifts point into it.
        versions: of each shift and visit, with the version of its place.
        shifts: the shifts as dispatch said them, by id.
    """

    sites: tuple[Point, ...]
    shifts: Mapping[ShiftId, ShiftState]
    visits: tuple[Visit, ...]
    planned_shifts: tuple[Shift, ...]
    begun: tuple[BegunRow, ...]
    versions: Mapping[str, str]


def read_day(known: DayInput, routes: Iterable[Route]) -> Day:
    """Read the stored input.

    Args:
        known: visits, shifts and what has begun.
        routes: of the plan in force; they say which nurse a visit has now.
    """
    sites = _Sites()
    shifts = [ShiftState.model_validate(row.body) for row in known.shifts]
    nurses: dict[NurseRef, NurseId] = {shift.nurse_ref: shift.nurse_id for shift in shifts}
    current = {stop.visit_id: route.nurse_id for route in routes for stop in route.stops if stop.visit_id is not None}
    return Day(
        visits=tuple(_visit(row, place, sites, nurses, current) for row, place in known.visits),
        planned_shifts=tuple(_shift(shift, sites) for shift in shifts),
        shifts={shift.shift_id: shift for shift in shifts},
        begun=tuple(known.begun),
        sites=tuple(sites.points),
        versions={
            **{str(row.shift_id): str(row.version) for row in known.shifts},
            **{str(row.visit_id): f"{row.version}/{place.version}" for row, place in known.visits},
        },
    )


class _Sites:
    """Numbers places in the order of their first mention."""

    def __init__(self) -> None:
        self.points: dict[Point, int] = {}

    def number(self, lat: float, lon: float) -> int:
        return self.points.setdefault(Point(lat, lon), len(self.points))

    def of(self, point: GeoPoint) -> int:
        return self.number(point.lat, point.lon)


def _seconds(instant: dt.datetime) -> int:
    return int(instant.timestamp())


def _visit(
    row: VisitRow,
    place: PlaceRow,
    sites: _Sites,
    nurses: Mapping[NurseRef, NurseId],
    current: Mapping[VisitId, NurseId],
) -> Visit:
    facts = VisitFacts.model_validate(row.body)
    assert place.lat is not None and place.lon is not None  # noqa: S101, PT018 - the query asks for located visits
    excluded = frozenset(nurses[ref] for ref in facts.excluded_nurses if ref in nurses)
    preferred = frozenset(nurses[ref] for ref in facts.preferred_nurses if ref in nurses)
    return Visit(
        id=VisitId(row.visit_id),
        site=sites.number(place.lat, place.lon),
        duration_s=round(facts.duration.total_seconds()),
        windows=tuple(Window(_seconds(window.start), _seconds(window.end)) for window in facts.windows),
        skills=frozenset(facts.skills),
        licence_options=tuple(frozenset(options) for options in facts.licence_options),
        state=place.state or UNKNOWN_STATE,
        priority=facts.priority,
        preferred_nurses=preferred,
        excluded_nurses=excluded,
        current_nurse=current.get(VisitId(row.visit_id)),
    )


def _shift(shift: ShiftState, sites: _Sites) -> Shift:
    return Shift(
        id=shift.shift_id,
        nurse_id=shift.nurse_id,
        start=_seconds(shift.start),
        end=_seconds(shift.end),
        start_site=sites.of(shift.start_point),
        end_site=sites.of(shift.end_point),
        skills=frozenset(shift.skills),
        licences=frozenset(shift.licences),
        breaks=tuple(
            Break(round(pause.duration.total_seconds()), _seconds(pause.earliest), _seconds(pause.latest))
            for pause in shift.breaks
        ),
    )


def compose(day: Day, matrix: TravelMatrix, routes: Mapping[ShiftId, Route], now: dt.datetime) -> Problem:
    """Join the day and the travel times between its sites to a problem.

    Raises:
        ProblemError: the day contradicts itself.
    """
    over = {row.visit_id for row in day.begun if row.shift_id not in day.shifts or _never_reached(row)}
    visits = {visit.id: visit for visit in day.visits if visit.id not in over}
    by_shift: dict[ShiftId, list[BegunRow]] = defaultdict(list)
    for row in day.begun:
        if row.visit_id in visits:
            by_shift[ShiftId(row.shift_id)].append(row)
    shifts = {shift.id: shift for shift in day.planned_shifts}
    begun = tuple(
        Begun(shift_id, _begun_stops(shifts[shift_id], rows, visits, matrix, routes.get(shift_id)))
        for shift_id, rows in by_shift.items()
    )
    return Problem(
        visits=tuple(visits.values()),
        shifts=day.planned_shifts,
        travel=Travel(matrix.seconds, matrix.metres),
        begun=begun,
        now=_seconds(now),
    )


def _never_reached(row: BegunRow) -> bool:
    """Tell whether the visit was given up before its nurse was there: it is not to be planned, and she is not there."""
    return row.ended_at is not None and row.arrived_at is None


def _begun_stops(
    shift: Shift,
    rows: Sequence[BegunRow],
    visits: Mapping[VisitId, Visit],
    matrix: TravelMatrix,
    route: Route | None,
) -> tuple[BegunVisit | BegunBreak, ...]:
    """Return what has begun with actual times, and where they are still to come, expected ones."""
    stops: list[BegunVisit] = []
    site = shift.start_site
    latest = 0  # a phone's clock may be off, and an expected arrival is a guess: the order in which she set out holds
    for row in rows:
        visit = visits[VisitId(row.visit_id)]
        drive = int(matrix.seconds[site, visit.site])
        expected = _seconds(row.en_route_at) + (0 if drive == UNREACHABLE else drive)
        arrival = latest = max(latest, _seconds(row.arrived_at) if row.arrived_at else expected)
        end = _seconds(row.ended_at) if row.ended_at else arrival + visit.duration_s
        stops.append(BegunVisit(visit.id, arrival, arrival, max(arrival, end)))
        site = visit.site
    return _with_breaks(shift, stops, route)


def _with_breaks(
    shift: Shift, visits: Sequence[BegunVisit], route: Route | None
) -> tuple[BegunVisit | BegunBreak, ...]:
    """Put in the breaks that the plan in force has before the last begun visit: they are taken for taken."""
    if route is None:
        return tuple(visits)
    ends = {stop.visit_id: stop.end for stop in visits}
    last = max((place for place, stop in enumerate(route.stops) if stop.visit_id in ends), default=0)
    taken: dict[int, BegunBreak] = {}
    free = 0
    for stop in route.stops[:last]:
        if stop.visit_id is not None:
            free = max(free, ends.get(stop.visit_id, 0))
            continue
        planned = _seconds(stop.start)
        open_breaks = (
            n for n, b in enumerate(shift.breaks) if n not in taken and planned + b.duration_s <= b.latest_end
        )
        number = next(open_breaks, None)
        if number is None:  # the shift's breaks are not what they were when this was planned
            continue
        start = max(free, planned)
        taken[number] = BegunBreak(number, start, start + shift.breaks[number].duration_s)
    stops: list[BegunVisit | BegunBreak] = [*visits, *taken.values()]
    return tuple(sorted(stops, key=lambda stop: (stop.start, isinstance(stop, BegunVisit))))


def plan_in_force(routes: Iterable[Route], committed: PlanCommitted) -> Plan:
    """Return the plan that was said last as the planner knows plans: who has which visits, in which order."""
    return Plan(
        routes=tuple(
            PlannedRoute(
                shift_id=route.shift_id,
                nurse_id=route.nurse_id,
                stops=tuple(_planned_stop(stop) for stop in route.stops if stop.visit_id is not None),
                departure=_seconds(route.departure),
                back=_seconds(route.back),
                home_s=0,
                home_m=0,
                price=Price(),
            )
            for route in routes
        ),
        unassigned=tuple(
            Unassigned(entry.visit_id, Reason(entry.reason), entry.explanation, {}) for entry in committed.unassigned
        ),
        price=Price(),
    )


def _planned_stop(stop: Stop) -> PlannedStop:
    drive = round(stop.travel.drive.total_seconds())
    times = (_seconds(stop.arrival), _seconds(stop.start), _seconds(stop.end))
    return PlannedStop(stop.visit_id, None, *times, drive, stop.travel.metres)
