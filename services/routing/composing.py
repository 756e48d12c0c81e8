"""From what the room knows of a day to a planning problem."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from services.routing.domain.plan import Plan, Reason, Unassigned
from services.routing.domain.plan import Route as PlannedRoute
from services.routing.domain.plan import Stop as PlannedStop
from services.routing.domain.prices import Price
from services.routing.domain.problem import (
    UNREACHABLE,
    Begun,
    BegunBreak,
    BegunVisit,
    Problem,
    Shift,
    Travel,
    Visit,
)
from services.routing.reading import Day, Worded, seconds_of
from services.routing.store.models import BegunRow
from services.routing.travel.port import TravelMatrix
from shared.events.ids import ShiftId, VisitId
from shared.events.routing import PlanCommitted, Route
from shared.events.values import Stop


def compose(day: Day, matrix: TravelMatrix, now: dt.datetime, before: Travel | None = None) -> Problem:
    """Join the day and the travel times between its sites to a problem.

    Args:
        day: as read.
        matrix: between the day's sites.
        now: nothing that has not begun is planned earlier.
        before: the travel times of an earlier problem; see ``Travel.grown_from``.

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
        Begun(shift_id, _begun_stops(shifts[shift_id], rows, visits, matrix, day.routes.get(shift_id)))
        for shift_id, rows in by_shift.items()
    )
    return Problem(
        visits=tuple(visits.values()),
        shifts=day.planned_shifts,
        travel=Travel(matrix.seconds, matrix.metres).grown_from(before),
        begun=begun,
        now=seconds_of(now),
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
        expected = seconds_of(row.en_route_at) + (0 if drive == UNREACHABLE else drive)
        arrival = latest = max(latest, seconds_of(row.arrived_at) if row.arrived_at else expected)
        end = seconds_of(row.ended_at) if row.ended_at else arrival + visit.duration_s
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
        planned = seconds_of(stop.start)
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


def plan_in_force(routes: Iterable[Route], committed: PlanCommitted, worded: Mapping[ShiftId, Worded]) -> Plan:
    """Return the plan that was said last as the planner knows plans: who has which visits, in which order.

    Args:
        routes: as they were said.
        committed: the plan.
        worded: routes whose origin is remembered.
    """
    return Plan(
        routes=tuple(_planned_route(route, worded.get(route.shift_id)) for route in routes),
        unassigned=tuple(
            Unassigned(entry.visit_id, Reason(entry.reason), entry.explanation, {}) for entry in committed.unassigned
        ),
        price=Price(),
    )


def _planned_route(route: Route, worded: Worded | None) -> PlannedRoute:
    if worded is not None and worded.said is route:
        return worded.planned
    return PlannedRoute(
        shift_id=route.shift_id,
        nurse_id=route.nurse_id,
        stops=tuple(_planned_stop(stop) for stop in route.stops if stop.visit_id is not None),
        departure=seconds_of(route.departure),
        back=seconds_of(route.back),
        home_s=0,
        home_m=0,
        price=Price(),
    )


def _planned_stop(stop: Stop) -> PlannedStop:
    drive = round(stop.travel.drive.total_seconds())
    times = (seconds_of(stop.arrival), seconds_of(stop.start), seconds_of(stop.end))
    return PlannedStop(stop.visit_id, None, *times, drive, stop.travel.metres)
