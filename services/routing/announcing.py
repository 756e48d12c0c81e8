"""From a planner's plan to what the room says of it: the routes that changed, then the plan as a whole."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.routing.composing import Day
from services.routing.domain.plan import Plan
from services.routing.domain.plan import Route as PlannedRoute
from services.routing.domain.plan import Stop as PlannedStop
from services.routing.domain.problem import Problem
from services.routing.travel.port import Point, TravelMatrix
from shared.events.ids import ShiftId
from shared.events.routing import Route, Unassigned
from shared.events.values import GeoPoint, Leg, Stop


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


@dataclass(frozen=True, slots=True)
class Wording:
    """Puts a plan's routes into the words of the contract; needs the day's places and the travel times used."""

    day: Day
    problem: Problem
    matrix: TravelMatrix

    def routes(self, plan: Plan) -> dict[ShiftId, Route]:
        """Return the routes that have stops, without their geometry."""
        return {route.shift_id: self._route(route) for route in plan.routes if route.stops}

    def sites(self, route: Route) -> list[Point]:
        """Return the places of a route in driving order, from the shift's start to its end."""
        shift = self.problem.shift[route.shift_id]
        visited = [Point(stop.point.lat, stop.point.lon) for stop in route.stops if stop.point]
        return [self.day.sites[shift.start_site], *visited, self.day.sites[shift.end_site]]

    def _route(self, route: PlannedRoute) -> Route:
        shift = self.problem.shift[route.shift_id]
        stops = tuple(self._stop(stop) for stop in route.stops)
        numbers = [shift.start_site, *self._numbers(route.stops), shift.end_site]
        return Route(
            shift_id=route.shift_id,
            nurse_id=route.nurse_id,
            nurse_ref=self.day.shifts[route.shift_id].nurse_ref,
            departure=_instant(route.departure),
            back=_instant(route.back),
            stops=stops,
            drive=dt.timedelta(seconds=route.drive_s),
            metres=route.drive_m,
            travel_estimated=any(self.matrix.estimated[a, b] for a, b in pairwise(numbers)),
        )

    def _numbers(self, stops: Iterable[PlannedStop]) -> list[int]:
        return [self.problem.visit[stop.visit_id].site for stop in stops if stop.visit_id is not None]

    def _stop(self, stop: PlannedStop) -> Stop:
        point = None
        if stop.visit_id is not None:
            lat, lon = self.day.sites[self.problem.visit[stop.visit_id].site]
            point = GeoPoint(lat=lat, lon=lon)
        return Stop(
            kind=stop.kind,
            visit_id=stop.visit_id,
            point=point,
            arrival=_instant(stop.arrival),
            start=_instant(stop.start),
            end=_instant(stop.end),
            travel=Leg(drive=dt.timedelta(seconds=stop.drive_s), metres=stop.drive_m),
        )


def unassigned_of(plan: Plan) -> tuple[Unassigned, ...]:
    """Return what no route takes, in the words of the contract."""
    return tuple(
        Unassigned(visit_id=entry.visit_id, reason=entry.reason.value, explanation=entry.explanation)
        for entry in plan.unassigned
    )


def changed(new: Mapping[ShiftId, Route], old: Mapping[ShiftId, Route]) -> list[ShiftId]:
    """Return the shifts whose route is new or not what it was; the way it is drawn does not count."""
    drawn = {shift_id: route.geometry for shift_id, route in old.items()}
    return [
        shift_id
        for shift_id, route in new.items()
        if route.model_copy(update={"geometry": drawn.get(shift_id)}) != old.get(shift_id)
    ]


async def draw(
    routes: Mapping[ShiftId, Route], shift_ids: Sequence[ShiftId], way: Callable[[Route], Awaitable[str | None]]
) -> dict[ShiftId, Route]:
    """Return those routes with the streets they drive."""
    return {
        shift_id: routes[shift_id].model_copy(update={"geometry": await way(routes[shift_id])})
        for shift_id in shift_ids
    }
