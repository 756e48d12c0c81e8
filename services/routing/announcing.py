"""From a planner's plan to what the room says of it: the routes that changed, then the plan as a whole."""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.domain.plan import Plan
from services.routing.domain.plan import Route as PlannedRoute
from services.routing.domain.plan import Stop as PlannedStop
from services.routing.domain.problem import Problem
from services.routing.reading import Day, Worded
from services.routing.store import plans
from services.routing.store.models import PlanRow, RouteRow, outbox
from services.routing.travel.port import Point, TravelMatrix
from shared.events.ids import ShiftId, VisitId
from shared.events.routing import PlanCommitted, Route, RoutePlanned, RouteRef, Unassigned
from shared.events.values import Cause, GeoPoint, Leg, Stop


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


@dataclass(frozen=True, slots=True)
class Wording:
    """Puts a plan's routes into the words of the contract.

    Attributes:
        day: knows the places.
        problem: what was planned.
        matrix: the travel times used.
        before: routes that were worded earlier; one that is still the same stays as it was said.
    """

    day: Day
    problem: Problem
    matrix: TravelMatrix
    before: Mapping[ShiftId, Worded]

    def routes(self, plan: Plan) -> dict[ShiftId, Worded]:
        """Return the routes that have stops; those that are not as before are without their geometry."""
        return {route.shift_id: self._worded(route) for route in plan.routes if route.stops}

    def sites(self, route: Route) -> list[Point]:
        """Return the places of a route in driving order, from the shift's start to its end."""
        shift = self.problem.shift[route.shift_id]
        visited = [Point(stop.point.lat, stop.point.lon) for stop in route.stops if stop.point]
        return [self.day.sites[shift.start_site], *visited, self.day.sites[shift.end_site]]

    def _worded(self, route: PlannedRoute) -> Worded:
        shift = self.problem.shift[route.shift_id]
        numbers = (shift.start_site, *self._numbers(route.stops), shift.end_site)
        before = self.before.get(route.shift_id)
        if before and (before.planned, before.sites) == (route, numbers):
            return before
        return Worded(route, numbers, self._route(route, numbers))

    def _route(self, route: PlannedRoute, numbers: Sequence[int]) -> Route:
        stops = tuple(self._stop(stop) for stop in route.stops)
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
        if route is not old.get(shift_id)
        and route.model_copy(update={"geometry": drawn.get(shift_id)}) != old.get(shift_id)
    ]


async def draw(
    routes: Mapping[ShiftId, Route], shift_ids: Sequence[ShiftId], way: Callable[[Route], Awaitable[str | None]]
) -> dict[ShiftId, Route]:
    """Return those routes with the streets they drive."""
    return {
        shift_id: routes[shift_id].model_copy(update={"geometry": await way(routes[shift_id])})
        for shift_id in shift_ids
    }


def _of_route(route: Route, causes: Mapping[VisitId, Cause]) -> dict[VisitId, Cause]:
    return {stop.visit_id: causes[stop.visit_id] for stop in route.stops if stop.visit_id and stop.visit_id in causes}


async def say(
    session: AsyncSession,
    committed: PlanCommitted,
    routes: Mapping[ShiftId, Route],
    new: Sequence[ShiftId],
    answers: Mapping[str, str],
    causes: Mapping[VisitId, Cause] | None = None,
) -> None:
    """Store a plan and put its events into the outbox: the new routes, then the plan as a whole.

    Args:
        session: the writing transaction.
        committed: the plan; its routes and its ``aggregate_version`` are filled in here.
        routes: every route there is.
        new: the shifts whose route is new or changed.
        answers: see ``PlanRow``.
        causes: what the visits of new routes follow from, where that is known.
    """
    area_id, date = committed.area_id, committed.date
    plan = await plans.plan(session, area_id, date)
    said = plan.said if plan else 0
    versions = await plans.route_versions(session, area_id, date)
    if gone := set(versions) - set(routes):
        await plans.remove_routes(session, area_id, date, gone)
    known = {ShiftId(row.shift_id): row for row in await plans.routes(session, area_id, date, new)}
    events: list[RoutePlanned] = []
    for shift_id in new:
        row = known.get(shift_id) or RouteRow(area_id=area_id, date=date, shift_id=shift_id, plan_version=0, body={})
        row.plan_version = versions[shift_id] = committed.plan_version
        row.body = routes[shift_id].model_dump(mode="json")
        session.add(row)
        said += 1
        events.append(
            RoutePlanned(
                aggregate_version=said,
                area_id=area_id,
                date=date,
                plan_version=committed.plan_version,
                route=routes[shift_id],
                causes=_of_route(routes[shift_id], causes or {}),
            )
        )
    refs = tuple(RouteRef(shift_id=shift, plan_version=versions[shift]) for shift in sorted(routes, key=str))
    whole = committed.model_copy(update={"aggregate_version": said + 1, "routes": refs})
    plan = plan or PlanRow(area_id=area_id, date=date, plan_version=0, said=0, body={}, answers={})
    plan.plan_version, plan.said, plan.body = committed.plan_version, said + 1, whole.model_dump(mode="json")
    plan.answers = dict(answers)
    session.add(plan)
    await outbox.add(session, *events, whole)
