"""Where a plan contradicts the day: it was made before a nurse set off, or before a shift was closed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from services.dispatch.domain.day import FROZEN, OPEN, UNDER_WAY, Day, Progress, may_stand
from shared.events.dispatch import Disruption
from shared.events.ids import ShiftId, VisitId
from shared.events.routing import Route


@dataclass(slots=True)
class _Found:
    visits: set[VisitId] = field(default_factory=set)
    shifts: set[ShiftId] = field(default_factory=set)

    def add(self, visit_id: VisitId, *shift_ids: ShiftId) -> None:
        self.visits.add(visit_id)
        self.shifts.update(shift_ids)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One kind of contradiction, with the shifts and visits concerned."""

    disruption: Disruption
    shift_ids: tuple[ShiftId, ...]
    visit_ids: tuple[VisitId, ...]


@dataclass(frozen=True, slots=True)
class Conflicts:
    """All contradictions of a plan.

    Attributes:
        shuffled: shifts whose planned route has something else before what has begun.
    """

    kinds: tuple[Conflict, ...]
    shuffled: frozenset[ShiftId]

    @property
    def visits(self) -> frozenset[VisitId]:
        """Every visit concerned."""
        return frozenset(visit_id for conflict in self.kinds for visit_id in conflict.visit_ids)


def find_conflicts(day: Day, routes: Sequence[Route]) -> Conflicts:
    """Compare a plan's routes with what has begun and which shifts are worked."""
    frozen, closed = _Found(), _Found()
    shuffled = set()
    for route in routes:
        if _has_something_before_the_begun(day, route, frozen):
            shuffled.add(route.shift_id)
        _note_moved(day, route, frozen)
        _note_closed(day, route, closed)
    _note_left_out(day, routes, frozen)
    return Conflicts(
        tuple(_kind(Disruption.FROZEN_CONFLICT, frozen)) + tuple(_kind(Disruption.SHIFT_CLOSED, closed)),
        frozenset(shuffled),
    )


def _kind(disruption: Disruption, found: _Found) -> Iterator[Conflict]:
    if found.visits:
        yield Conflict(disruption, tuple(sorted(found.shifts)), tuple(sorted(found.visits)))


def _has_something_before_the_begun(day: Day, route: Route, found: _Found) -> bool:
    waiting = shuffled = False
    for stop in route.stops:
        if stop.visit_id is None:
            continue
        standing = day.assignments.get(stop.visit_id)
        progress = standing.progress if standing else None
        if standing and progress in FROZEN and standing.shift_id == route.shift_id:
            if waiting:
                found.add(stop.visit_id, route.shift_id)
                shuffled = True
        elif progress is not Progress.MISSED:
            waiting = waiting or may_stand(day, route.shift_id, stop)
    return shuffled


def _note_moved(day: Day, route: Route, found: _Found) -> None:
    """Note what has begun with one nurse and is planned with another."""
    for stop in route.stops:
        standing = day.assignments.get(stop.visit_id) if stop.visit_id else None
        if standing and standing.progress in FROZEN and standing.shift_id != route.shift_id:
            found.add(standing.visit_id, standing.shift_id, route.shift_id)


def _note_closed(day: Day, route: Route, found: _Found) -> None:
    """Note visits planned on a shift that nobody works."""
    if route.shift_id in day.open_shifts:
        return
    for stop in route.stops:
        if stop.visit_id and stop.visit_id not in day.cancelled:
            standing = day.assignments.get(stop.visit_id)
            if standing is None or standing.progress in OPEN:
                found.add(stop.visit_id, route.shift_id)


def _note_left_out(day: Day, routes: Sequence[Route], found: _Found) -> None:
    """Note what is under way and in no route. What is done may be left out: nothing remains to be planned."""
    accounted_for = day.cancelled.union(stop.visit_id for route in routes for stop in route.stops if stop.visit_id)
    for assignment in day.assignments.values():
        if (
            assignment.progress in UNDER_WAY
            and day.holds(assignment)
            and assignment.shift_id in day.open_shifts
            and assignment.visit_id not in accounted_for
        ):
            found.add(assignment.visit_id, assignment.shift_id)
