"""A plan in the making: feasible routes and the visits that are in none, always both."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from services.routing.domain.eligibility import bar
from services.routing.domain.insertion import cheapest_insertion
from services.routing.domain.plan import Route, total
from services.routing.domain.prices import Price
from services.routing.domain.problem import Shift, Visit
from services.routing.domain.schedule import Blocked, Scheduler
from shared.events.ids import ShiftId, VisitId


class Draft:
    """Routes that keep every rule, and what is left out.

    Attributes:
        scheduler: the evaluator of the problem at hand.
        routes: one for each shift.
        left_out: the visits in no route, in the problem's order once ``fit`` has run.
    """

    def __init__(self, scheduler: Scheduler, orders: Mapping[ShiftId, Sequence[VisitId]]) -> None:
        """Start from the orders as far as they still hold; what they do not take is left out."""
        self.scheduler = scheduler
        problem = scheduler.problem
        self._eligible: dict[VisitId, list[Shift]] = {}
        taken: set[VisitId] = set(problem.begun_visits)
        self.routes: dict[ShiftId, Route] = {}
        for shift in problem.shifts:
            order = [v for v in dict.fromkeys(orders.get(shift.id, ())) if self._may(v, shift, taken)]
            self.routes[shift.id] = self._longest(shift, order)
            taken.update(self.routes[shift.id].planned)
        self.left_out = [visit.id for visit in problem.visits if visit.id not in taken]

    @property
    def price(self) -> Price:
        """The price of the draft as it is."""
        return total(self.routes, self.left_out_price(self.left_out))

    def left_out_price(self, visit_ids: Iterable[VisitId]) -> int:
        """Return the cents that leaving these visits out costs."""
        problem = self.scheduler.problem
        return sum(problem.leave_out_price(problem.visit[visit_id]) for visit_id in visit_ids)

    def eligible(self, visit_id: VisitId) -> list[Shift]:
        """Return the shifts whose nurses may do the visit."""
        if visit_id not in self._eligible:
            problem = self.scheduler.problem
            visit = problem.visit[visit_id]
            self._eligible[visit_id] = [shift for shift in problem.shifts if bar(visit, shift) is None]
        return self._eligible[visit_id]

    def fit(self, settled: Collection[VisitId] = ()) -> None:
        """Insert what is left out, the dearest first, then the soonest due, until nothing more fits and is worth it.

        Args:
            settled: visits that are not tried.
        """
        left_out = (visit_id for visit_id in self.left_out if visit_id not in settled)
        waiting = sorted(left_out, key=lambda visit_id: self._urgency(self.scheduler.problem.visit[visit_id]))
        inserted = True
        while inserted:
            inserted = False
            for visit_id in list(waiting):
                if self.insert(visit_id):
                    waiting.remove(visit_id)
                    inserted = True
        left = {*waiting, *(visit_id for visit_id in self.left_out if visit_id in settled)}
        self.left_out = [visit.id for visit in self.scheduler.problem.visits if visit.id in left]

    def insert(self, visit_id: VisitId) -> bool:
        """Put the visit where it costs least; return whether it fits and costs less than leaving it out."""
        visit = self.scheduler.problem.visit[visit_id]
        place = cheapest_insertion(self.scheduler, self.routes, visit, self.eligible(visit_id))
        if place is None or place.extra >= self.scheduler.problem.leave_out_price(visit):
            return False
        self.routes[place.route.shift_id] = place.route
        return True

    def improve_by(self, orders: Mapping[ShiftId, Sequence[VisitId]]) -> bool:
        """Take these shifts' new orders if they keep every rule and the draft costs less with them.

        The orders may take visits from among the shifts' own and what is left out, and may drop some.
        """
        old = {shift_id: self.routes[shift_id] for shift_id in orders}
        new: dict[ShiftId, Route] = {}
        for shift_id, order in orders.items():
            route = self.scheduler.schedule(shift_id, order)
            if isinstance(route, Blocked):
                return False
            new[shift_id] = route
        placed = {visit_id for order in orders.values() for visit_id in order}
        dropped = [visit_id for route in old.values() for visit_id in route.planned if visit_id not in placed]
        taken = [visit_id for visit_id in self.left_out if visit_id in placed]
        before = total(old, self.left_out_price(taken)).total
        if total(new, self.left_out_price(dropped)).total >= before:
            return False
        self.routes.update(new)
        self.left_out = [visit_id for visit_id in self.left_out if visit_id not in placed] + dropped
        return True

    def _may(self, visit_id: VisitId, shift: Shift, taken: set[VisitId]) -> bool:
        """Return whether the visit still exists, is free, and may be done by the shift's nurse."""
        visit = self.scheduler.problem.visit.get(visit_id)
        return visit is not None and visit_id not in taken and bar(visit, shift) is None

    def _longest(self, shift: Shift, order: Sequence[VisitId]) -> Route:
        """Return the route that keeps the order and leaves out, from the first on, what no longer fits in."""
        whole = self.scheduler.schedule(shift.id, order)
        if not isinstance(whole, Blocked):
            return whole
        longest = self.scheduler.rest(shift.id)
        for visit_id in order:
            longer = self.scheduler.schedule(shift.id, [*longest.planned, visit_id])
            if not isinstance(longer, Blocked):
                longest = longer
        return longest

    def _urgency(self, visit: Visit) -> tuple[int, int, VisitId]:
        """Return what sorts visits by price, then by how soon it is too late for them."""
        too_late = max(window.closes for window in visit.windows) - visit.duration_s
        return (-self.scheduler.problem.leave_out_price(visit), too_late, visit.id)
