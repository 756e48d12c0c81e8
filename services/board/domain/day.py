"""How the facts of a day become what a dispatcher sees."""

import datetime as dt
from collections.abc import Mapping

from services.board.domain.colours import colour
from services.board.domain.facts import DayFacts
from services.board.domain.progress import Progress, Status
from services.board.domain.view import DayView, Headline, ReviewView, RouteView, StopView, UnassignedView
from shared.events.booking import VisitRequested
from shared.events.dispatch import RouteDispatched, ShiftOpened
from shared.events.geocoding import PlaceResolved, PlaceUnresolved
from shared.events.ids import NurseId, ShiftId, VisitId
from shared.events.values import StopKind, TimeWindow


def day_view(facts: DayFacts, names: Mapping[NurseId, str]) -> DayView:
    """Return what to show.

    Args:
        facts: what the rooms said.
        names: of nurses; one that is missing is called by her staff code.
    """
    visits = [visit for visit in facts.visits.values() if _concerns_day(visit, facts)]
    free = [visit for visit in visits if _is_free(visit, facts)]
    review = [item for visit in free if (item := _review(visit, facts))]
    placed = [view for visit in free if (view := _unassigned(visit, facts))]
    return DayView(
        area=facts.area,
        date=facts.date,
        revision=facts.revision,
        plan_version=facts.plan.plan_version if facts.plan else None,
        headline=_headline(visits, facts, placed, review),
        routes=_routes(facts, names),
        unassigned=sorted((view for view in placed if view.reason), key=_by_window),
        review=sorted(review, key=_by_window),
    )


def _headline(
    visits: list[VisitRequested], facts: DayFacts, placed: list[UnassignedView], review: list[ReviewView]
) -> Headline:
    standing = [facts.progress[visit.visit_id].status for visit in visits if visit.visit_id in facts.progress]
    assigned = sum(status.held for status in standing)
    missed = standing.count(Status.MISSED)
    unassigned = sum(view.reason is not None for view in placed)
    return Headline(
        bookings=len(visits),
        located=sum(isinstance(_place(visit, facts), PlaceResolved) for visit in visits),
        assigned=assigned,
        unassigned=unassigned,
        waiting=len(visits) - assigned - missed - unassigned - len(review),
        to_review=len(review),
        missed=missed,
        done=standing.count(Status.DONE),
    )


def _concerns_day(visit: VisitRequested, facts: DayFacts) -> bool:
    """Whether the visit may take place on the day, or a nurse has or had it there."""
    return bool(_windows_of_day(visit, facts)) or not _is_free(visit, facts)


def _is_free(visit: VisitRequested, facts: DayFacts) -> bool:
    progress = facts.progress.get(visit.visit_id)
    return progress is None or progress.status is Status.WITHDRAWN


def _place(visit: VisitRequested, facts: DayFacts) -> PlaceResolved | PlaceUnresolved | None:
    """Return the place of the visit's present address; one of an older address does not count."""
    place = facts.places.get(visit.visit_id)
    return place if place and place.address_version == visit.address_version else None


def _review(visit: VisitRequested, facts: DayFacts) -> ReviewView | None:
    place = _place(visit, facts)
    if not isinstance(place, PlaceUnresolved):
        return None
    return ReviewView(
        visit_id=visit.visit_id,
        services=visit.services,
        windows=_windows_of_day(visit, facts),
        reason=place.reason,
        candidates=len(place.candidates),
    )


def _unassigned(visit: VisitRequested, facts: DayFacts) -> UnassignedView | None:
    place = _place(visit, facts)
    if not isinstance(place, PlaceResolved):
        return None
    left_out = {each.visit_id: each for each in facts.plan.unassigned} if facts.plan else {}
    said = left_out.get(visit.visit_id)
    return UnassignedView(
        visit_id=visit.visit_id,
        services=visit.services,
        windows=_windows_of_day(visit, facts),
        priority=visit.priority,
        point=place.point,
        reason=said.reason if said else None,
        explanation=said.explanation if said else None,
    )


def _windows_of_day(visit: VisitRequested, facts: DayFacts) -> tuple[TimeWindow, ...]:
    first, end = facts.area.day_bounds(facts.date)
    return tuple(window for window in visit.windows if window.start < end and window.end > first)


def _by_window(view: UnassignedView | ReviewView) -> tuple[bool, dt.datetime, VisitId]:
    start = min((window.start for window in view.windows), default=dt.datetime.max.replace(tzinfo=dt.UTC))
    return (not view.windows, start, view.visit_id)


def _routes(facts: DayFacts, names: Mapping[NurseId, str]) -> list[RouteView]:
    shifts = {shift.shift_id: shift for shift in facts.shifts}
    with_stops = {shift_id: said for shift_id, said in facts.routes.items() if said.route.stops}
    # Ids grow with time, so that a colour stays when a shift is opened later.
    places = {shift_id: place for place, shift_id in enumerate(sorted({*shifts, *facts.routes}))}
    views = [
        _route(shift_id, shifts.get(shift_id), with_stops.get(shift_id), facts, names, colour(places[shift_id]))
        for shift_id in {*shifts, *with_stops}
    ]
    return sorted(views, key=lambda view: (view.nurse_ref, view.shift_id))


def _route(
    shift_id: ShiftId,
    shift: ShiftOpened | None,
    said: RouteDispatched | None,
    facts: DayFacts,
    names: Mapping[NurseId, str],
    hue: str,
) -> RouteView:
    whose = said.route if said else shift
    if whose is None:
        raise LookupError(shift_id)
    route = said.route if said else None
    return RouteView(
        shift_id=shift_id,
        nurse_id=whose.nurse_id,
        nurse_ref=whose.nurse_ref,
        nurse=names.get(whose.nurse_id, whose.nurse_ref),
        colour=hue,
        plan_version=said.plan_version if said else None,
        shift=(shift.start, shift.end) if shift else None,
        start_point=shift.start_point if shift else None,
        departure=route.departure if route else None,
        back=route.back if route else None,
        drive=route.drive if route else dt.timedelta(),
        metres=route.metres if route else 0,
        geometry=route.geometry if route else None,
        estimated=route.travel_estimated if route else False,
        stops=_stops(said, facts) if said else (),
    )


def _stops(said: RouteDispatched, facts: DayFacts) -> tuple[StopView, ...]:
    views = []
    number = 0
    for stop in said.route.stops:
        is_visit = stop.kind is StopKind.VISIT
        number += is_visit
        visit = facts.visits.get(stop.visit_id) if stop.visit_id else None
        progress = facts.progress.get(stop.visit_id) if stop.visit_id else None
        mine = progress if progress and progress.shift_id == said.route.shift_id else None
        views.append(
            StopView(
                kind=stop.kind,
                number=number if is_visit else None,
                visit_id=stop.visit_id,
                point=stop.point,
                arrival=stop.arrival,
                start=stop.start,
                end=stop.end,
                drive=stop.travel.drive,
                status=_status(mine) if is_visit else None,
                at=mine.at if mine else None,
                missed=mine.reason if mine else None,
                services=visit.services if visit else (),
            )
        )
    return tuple(views)


def _status(progress: Progress | None) -> Status:
    """Return where a stop stands; until dispatch has said who has it, it is planned."""
    return progress.status if progress else Status.PLANNED
