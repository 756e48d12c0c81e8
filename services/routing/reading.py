"""Reading a day's input. A worker remembers what it has read: what still has its version is not read again."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.domain.plan import Route as PlannedRoute
from services.routing.domain.problem import Break, Shift, Travel, Visit, Window
from services.routing.store import plans, queries
from services.routing.store.models import BegunRow, PlaceRow, PlanRow, VisitRow
from services.routing.travel.port import Point
from shared.events.dispatch import ShiftState
from shared.events.ids import AreaId, NurseId, NurseRef, ShiftId, VisitId
from shared.events.routing import Route
from shared.events.values import GeoPoint, Priority, TimeWindow

UNKNOWN_STATE = "an unknown state"
"""Where the map does not say in which of an area's states a place lies: no licence holds there until someone says."""
_SPARE_SITES = 100
"""Places of visits that have left the day may stay numbered, up to as many as are in use and these."""


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
class KnownVisit:
    """A visit as it was read.

    Attributes:
        versions: its own and its place's.
        answer: its id, and both versions, as ``PlanRow.answers`` has them.
    """

    visit_id: VisitId
    versions: tuple[int, int]
    answer: tuple[str, str]
    point: Point
    state: str
    facts: VisitFacts
    windows: tuple[Window, ...]
    skills: frozenset[str]
    licence_options: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day's input, read: everything but the travel times.

    Attributes:
        sites: every place of the day once; the problem's visits and shifts point into it.
        versions: of each shift and visit, with the version of its place.
        shifts: the shifts as dispatch said them, by id.
        windows: when each visit may be done.
        plan: the plan in force, if there is one.
        routes: of the plan in force.
    """

    sites: tuple[Point, ...]
    shifts: Mapping[ShiftId, ShiftState]
    visits: tuple[Visit, ...]
    planned_shifts: tuple[Shift, ...]
    begun: tuple[BegunRow, ...]
    versions: Mapping[str, str]
    windows: Mapping[VisitId, tuple[TimeWindow, ...]]
    plan: PlanRow | None
    routes: Mapping[ShiftId, Route]


@dataclass(frozen=True, slots=True)
class Worded:
    """A route as the planner made it, the places it leads to, and how it was said."""

    planned: PlannedRoute
    sites: tuple[int, ...]
    said: Route


@dataclass(slots=True)
class DayMemory:
    """What a worker remembers of one day.

    Attributes:
        sites: number of each place; it stays from plan to plan.
        travel: between the sites, as of the last plan.
        worded: routes that are in force and how they came about.
    """

    sites: dict[Point, int] = field(default_factory=dict)
    travel: Travel | None = None
    worded: dict[ShiftId, Worded] = field(default_factory=dict)
    _visits: dict[UUID, KnownVisit] = field(default_factory=dict)
    _shifts: dict[UUID, tuple[int, ShiftState]] = field(default_factory=dict)
    _routes: dict[ShiftId, tuple[int, Route]] = field(default_factory=dict)

    async def read(self, session: AsyncSession, area_id: AreaId, date: dt.date) -> Day:
        """Read the day, as far as it is not remembered."""
        visits = await self._read_visits(session, area_id, date)
        shifts = await self._read_shifts(session, area_id, date)
        begun = await queries.begun(session, area_id, date)
        routes = await self._read_routes(session, area_id, date)
        self._forget_unused_sites(visits, shifts)
        nurses: dict[NurseRef, NurseId] = {shift.nurse_ref: shift.nurse_id for shift in shifts}
        current = {stop.visit_id: route.nurse_id for route in routes.values() for stop in route.stops if stop.visit_id}
        return Day(
            visits=tuple(self._visit(known, nurses, current.get(known.visit_id)) for known in visits),
            planned_shifts=tuple(self._shift(shift) for shift in shifts),
            shifts={shift.shift_id: shift for shift in shifts},
            begun=tuple(begun),
            sites=tuple(self.sites),
            versions={
                **{str(shift.shift_id): str(shift.aggregate_version) for shift in shifts},
                **dict(known.answer for known in visits),
            },
            windows={known.visit_id: known.facts.windows for known in visits},
            plan=await plans.plan(session, area_id, date),
            routes=routes,
        )

    def follow(self, travel: Travel) -> None:
        """Go on from these travel times; if the streets are others than before, every route is worded anew."""
        if self.travel is not None and travel.seconds_rows is not self.travel.seconds_rows:
            self.worded = {}
        self.travel = travel

    def note_saved(self, plan_version: int, new: Mapping[ShiftId, Route], worded: Mapping[ShiftId, Worded]) -> None:
        """Remember what was just said."""
        self._routes.update({shift_id: (plan_version, route) for shift_id, route in new.items()})
        self.worded = dict(worded)

    async def _read_visits(self, session: AsyncSession, area_id: AreaId, date: dt.date) -> list[KnownVisit]:
        present = await queries.visit_versions(session, area_id, date)
        unread = [
            visit_id
            for visit_id, *versions in present
            if (known := self._visits.get(visit_id)) is None or known.versions != tuple(versions)
        ]
        read = {row.visit_id: _known(row, place) for row, place in await queries.located_visits(session, unread)}
        self._visits = {visit_id: read.get(visit_id) or self._visits[visit_id] for visit_id, *_ in present}
        return list(self._visits.values())

    async def _read_shifts(self, session: AsyncSession, area_id: AreaId, date: dt.date) -> list[ShiftState]:
        present = await queries.shift_versions(session, area_id, date)
        unread = [shift_id for shift_id, version in present if self._shifts.get(shift_id, (0,))[0] != version]
        read = {
            row.shift_id: (row.version, ShiftState.model_validate(row.body))
            for row in await queries.shifts(session, unread)
        }
        self._shifts = {shift_id: read.get(shift_id) or self._shifts[shift_id] for shift_id, _ in present}
        return [shift for _, shift in self._shifts.values()]

    async def _read_routes(self, session: AsyncSession, area_id: AreaId, date: dt.date) -> dict[ShiftId, Route]:
        present = await plans.route_versions(session, area_id, date)
        unread = [key for key, version in present.items() if self._routes.get(key, (0,))[0] != version]
        read = {
            ShiftId(row.shift_id): (row.plan_version, Route.model_validate(row.body))
            for row in await plans.routes(session, area_id, date, unread)
        }
        self._routes = {shift_id: read.get(shift_id) or self._routes[shift_id] for shift_id in present}
        return {shift_id: route for shift_id, (_, route) in self._routes.items()}

    def _forget_unused_sites(self, visits: Sequence[KnownVisit], shifts: Iterable[ShiftState]) -> None:
        used = {known.point for known in visits}
        used.update(_point(point) for shift in shifts for point in (shift.start_point, shift.end_point))
        if len(self.sites) > 2 * len(used) + _SPARE_SITES:
            self.sites, self.travel, self.worded = {}, None, {}

    def _site(self, point: Point) -> int:
        return self.sites.setdefault(point, len(self.sites))

    def _visit(self, known: KnownVisit, nurses: Mapping[NurseRef, NurseId], current: NurseId | None) -> Visit:
        facts = known.facts
        return Visit(
            id=known.visit_id,
            site=self._site(known.point),
            duration_s=round(facts.duration.total_seconds()),
            windows=known.windows,
            skills=known.skills,
            licence_options=known.licence_options,
            state=known.state,
            priority=facts.priority,
            preferred_nurses=frozenset(nurses[ref] for ref in facts.preferred_nurses if ref in nurses),
            excluded_nurses=frozenset(nurses[ref] for ref in facts.excluded_nurses if ref in nurses),
            current_nurse=current,
        )

    def _shift(self, shift: ShiftState) -> Shift:
        return Shift(
            id=shift.shift_id,
            nurse_id=shift.nurse_id,
            start=seconds_of(shift.start),
            end=seconds_of(shift.end),
            start_site=self._site(_point(shift.start_point)),
            end_site=self._site(_point(shift.end_point)),
            skills=frozenset(shift.skills),
            licences=frozenset(shift.licences),
            breaks=tuple(
                Break(round(pause.duration.total_seconds()), seconds_of(pause.earliest), seconds_of(pause.latest))
                for pause in shift.breaks
            ),
        )


def seconds_of(instant: dt.datetime) -> int:
    """Return an instant as the planner counts time."""
    return int(instant.timestamp())


def _point(point: GeoPoint) -> Point:
    return Point(point.lat, point.lon)


def _known(row: VisitRow, place: PlaceRow) -> KnownVisit:
    facts = VisitFacts.model_validate(row.body)
    assert place.lat is not None and place.lon is not None  # noqa: S101, PT018 - the query asks for located visits
    return KnownVisit(
        visit_id=VisitId(row.visit_id),
        versions=(row.version, place.version),
        answer=(str(row.visit_id), f"{row.version}/{place.version}"),
        point=Point(place.lat, place.lon),
        state=place.state or UNKNOWN_STATE,
        facts=facts,
        windows=tuple(Window(seconds_of(window.start), seconds_of(window.end)) for window in facts.windows),
        skills=frozenset(facts.skills),
        licence_options=tuple(frozenset(options) for options in facts.licence_options),
    )
