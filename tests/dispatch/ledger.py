"""A listener that trusts nobody: it folds what dispatch says, and complains when an invariant is broken."""

from dataclasses import dataclass, field

from shared.events.dispatch import (
    ActEvent,
    AssignmentWithdrawn,
    NurseArrived,
    NurseEnRoute,
    RouteDispatched,
    VisitAssigned,
    VisitCompleted,
    VisitMissed,
    WithdrawalReason,
)
from shared.events.ids import NurseId, ShiftId, VisitId
from shared.events.registry import Event
from shared.events.routing import Route


class BrokenInvariantError(AssertionError):
    """Dispatch said something that must never be said."""


@dataclass
class Ledger:
    """What the other rooms believe, from the events alone.

    Attributes:
        plan_version: the newest plan that was committed.
        holder: who has each visit.
        begun: visits that are on the road, at the door or done, with the shift they must stay on.
        over: visits that are done or missed.
        cancelled: visits whose cancellation dispatch has heard.
    """

    plan_version: int = 0
    holder: dict[VisitId, ShiftId] = field(default_factory=dict)
    begun: dict[VisitId, ShiftId] = field(default_factory=dict)
    over: set[VisitId] = field(default_factory=set)
    under_way: dict[NurseId, VisitId] = field(default_factory=dict)
    cancelled: set[VisitId] = field(default_factory=set)
    routes: dict[ShiftId, Route] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Take one event in.

        Raises:
            BrokenInvariantError: it contradicts what was said before.
        """
        _hold(
            event.aggregate_version == self.versions.get(event.key(), 0) + 1,
            f"I3: version {event.aggregate_version} of {event.key()} is not the next",
        )
        self.versions[event.key()] = event.aggregate_version
        match event:
            case VisitAssigned():
                self._assigned(event)
            case AssignmentWithdrawn():
                self._withdrawn(event)
            case RouteDispatched():
                self._route(event)
            case ActEvent():
                self._act(event)

    def _assigned(self, event: VisitAssigned) -> None:
        holder = self.holder.get(event.visit_id, event.shift_id)
        _hold(holder == event.shift_id, f"I5: visit {event.visit_id} has two nurses")
        _hold(event.plan_version == self.plan_version, "I6: an assignment from a superseded plan")
        _hold(event.visit_id not in self.cancelled, "I11: a cancelled visit was assigned")
        _hold(event.visit_id not in self.begun | dict.fromkeys(self.over), "a visit that has begun was assigned again")
        self.holder[event.visit_id] = event.shift_id

    def _withdrawn(self, event: AssignmentWithdrawn) -> None:
        _hold(self.holder.get(event.visit_id) == event.shift_id, "a visit was taken from who had it not")
        called_off = event.reason is WithdrawalReason.CANCELLED
        _hold(called_off or event.visit_id not in self.begun, "a visit that has begun was withdrawn")
        _hold(event.visit_id not in self.over, "a visit that is over was withdrawn")
        del self.holder[event.visit_id]
        self.begun.pop(event.visit_id, None)
        if self.under_way.get(event.nurse_id) == event.visit_id:
            del self.under_way[event.nurse_id]

    def _route(self, event: RouteDispatched) -> None:
        _hold(event.plan_version == self.plan_version, "I6: a route from a superseded plan")
        shift_id, visits = event.route.shift_id, visits_of(event.route)
        _hold(len(visits) == len(set(visits)), "a visit is twice on a route")
        _hold(
            all(visit_id in self.begun or visit_id in self.over for visit_id in visits if visit_id in self.cancelled),
            "I11: a cancelled visit is on a route",
        )
        begun = {visit_id for visit_id, held_on in self.begun.items() if held_on == shift_id}
        front = [visit_id for visit_id in visits if visit_id in begun or visit_id not in self.over][: len(begun)]
        _hold(set(front) == begun, "what has begun is not in front")
        self.routes[shift_id] = event.route

    def _act(self, event: ActEvent) -> None:
        _hold(self.holder.get(event.visit_id) == event.shift_id, "an act on a visit that is not hers")
        _hold(event.visit_id not in self.over, "an act on a visit that is over")
        if isinstance(event, NurseEnRoute):
            _hold(event.nurse_id not in self.under_way, "I5: a nurse is in two places at once")
            self.under_way[event.nurse_id] = event.visit_id
            self.begun[event.visit_id] = event.shift_id
        if isinstance(event, NurseArrived | VisitCompleted):
            _hold(self.under_way.get(event.nurse_id) == event.visit_id, "an act out of order")
        if isinstance(event, VisitCompleted | VisitMissed):
            self.over.add(event.visit_id)
            if self.under_way.get(event.nurse_id) == event.visit_id:
                del self.under_way[event.nurse_id]
        if isinstance(event, VisitMissed):
            self.begun.pop(event.visit_id, None)

    def settle(self) -> None:
        """Check, when a whole answer was heard, that routes and assignments tell the same day.

        Raises:
            BrokenInvariantError: they do not.
        """
        on_routes: dict[VisitId, set[ShiftId]] = {}
        for shift_id, route in self.routes.items():
            for visit_id in visits_of(route):
                on_routes.setdefault(visit_id, set()).add(shift_id)
        for visit_id, shift_id in self.holder.items():
            missed = visit_id in self.over and visit_id not in self.begun
            _hold(
                missed or on_routes.get(visit_id) == {shift_id}, f"visit {visit_id} is not on its nurse's route alone"
            )


def visits_of(route: Route) -> list[VisitId]:
    """The visits of a route in order."""
    return [stop.visit_id for stop in route.stops if stop.visit_id]


def _hold(holds: bool, complaint: str) -> None:  # noqa: FBT001 - it reads as a sentence
    if not holds:
        raise BrokenInvariantError(complaint)
