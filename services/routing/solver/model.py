"""A few routes and the visits around them as an OR-Tools routing model: all the rules of the problem, solved anew.

Nodes are the visits, then one start a shift, then one end a shift. A shift whose work has begun starts where and when
its nurse is free. Costs are in hundredths of a cent, so that rounding each leg does not add up.
"""
# mypy: disallow-untyped-calls=False
# OR-Tools' own stubs leave every call untyped.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.constraint_solver.routing_parameters_pb2 import RoutingSearchParameters
from ortools.util.optional_boolean_pb2 import BOOL_TRUE

from services.routing.domain.eligibility import bar
from services.routing.domain.problem import UNREACHABLE, Break, Prices, Visit
from services.routing.domain.schedule import Scheduler
from services.routing.domain.standing import Standing
from shared.events.ids import NurseId, ShiftId, VisitId

_SCALE = 100
_HOUR_S = 3600
_KM_M = 1000
_BRANCHES = 1000
"""Branches a solution may take, ten times what it does take: where no change is possible at all, the guided search
would go on until the clock stops it."""
_FAR = 10
"""Where no road leads, a leg takes this many times the whole horizon: no route can contain it."""


type Orders = Mapping[ShiftId, Sequence[VisitId]]


@dataclass(frozen=True, slots=True)
class Search:
    """How long to search.

    Attributes:
        solutions: accepted solutions until the search stops, the same on every machine;
            None: it goes downhill and stops where no small change makes the routes cheaper.
        cap_s: seconds until it stops anyway.
    """

    solutions: int | None
    cap_s: float


def solve(scheduler: Scheduler, orders: Orders, pool: Sequence[VisitId], search: Search) -> Orders | None:
    """Search for better orders of the visits in some shifts and of the visits that wait to be taken.

    Args:
        scheduler: knows the problem and where its shifts stand.
        orders: the shifts to plan anew, with the present orders of what has not begun; feasible.
        pool: visits that are in no route and may be taken.
        search: when to stop.

    Returns:
        New orders for the same shifts, some visits perhaps in none; None: nothing was found.
    """
    visits = [scheduler.problem.visit[visit_id] for order in orders.values() for visit_id in order]
    visits += [scheduler.problem.visit[visit_id] for visit_id in pool]
    if not visits:
        return None
    return _Model(scheduler, list(orders), visits).solve(orders, search)


_MOST_FAILURES = 20_000
"""Moves that may fail in one search: some hundredths of a second in a small model, never reached by a useful search."""


class _Model:
    """One OR-Tools model, built and solved once."""

    def __init__(self, scheduler: Scheduler, shift_ids: list[ShiftId], visits: list[Visit]) -> None:
        self._problem = scheduler.problem
        self._visits = visits
        self._stands = [scheduler.standing(shift_id) for shift_id in shift_ids]
        self._begin = min(stand.free_at for stand in self._stands)
        self._horizon = max(stand.shift.end for stand in self._stands) - self._begin
        count, vehicles = len(visits), len(shift_ids)
        starts = list(range(count, count + vehicles))
        ends = list(range(count + vehicles, count + 2 * vehicles))
        self._manager = pywrapcp.RoutingIndexManager(count + 2 * vehicles, vehicles, starts, ends)
        self._routing = pywrapcp.RoutingModel(self._manager)
        self._time = self._add_legs()
        self._add_visits()
        self._add_shifts()

    def _add_legs(self) -> pywrapcp.RoutingDimension:
        """Register legs: what each costs with this nurse at its end, and the time from visit to visit."""
        prices = self._problem.prices
        travel = self._problem.travel
        sites = [visit.site for visit in self._visits]
        sites += [stand.site for stand in self._stands]
        sites += [stand.shift.end_site for stand in self._stands]
        grid = np.ix_(sites, sites)
        seconds, metres = travel.seconds[grid].astype(np.int64), travel.metres[grid].astype(np.int64)
        no_road = seconds == UNREACHABLE
        seconds[no_road] = metres[no_road] = 0
        cost = seconds * (prices.driving_hour * _SCALE) // _HOUR_S + metres * (prices.driving_km * _SCALE) // _KM_M
        time = seconds + self._durations()[:, None]
        time[no_road] = _FAR * self._horizon
        for vehicle, stand in enumerate(self._stands):
            start, end = len(self._visits) + vehicle, len(self._visits) + len(self._stands) + vehicle
            time[start, end] = 0
            if stand.departure is None:
                cost[start, end] = 0
            hers = cost + self._charges(stand.shift.nurse_id)
            self._routing.SetArcCostEvaluatorOfVehicle(self._routing.RegisterTransitMatrix(hers.tolist()), vehicle)
        transit = self._routing.RegisterTransitMatrix(time.tolist())
        self._routing.AddDimension(transit, self._horizon, self._horizon, False, "time")  # noqa: FBT003 - positional in OR-Tools
        dimension: pywrapcp.RoutingDimension = self._routing.GetDimensionOrDie("time")
        return dimension

    def _durations(self) -> NDArray[np.int64]:
        """Return the time spent at each node."""
        durations = np.zeros(len(self._visits) + 2 * len(self._stands), np.int64)
        durations[: len(self._visits)] = [visit.duration_s for visit in self._visits]
        return durations

    def _charges(self, nurse: NurseId) -> NDArray[np.int64]:
        """Return for each node what it costs that this nurse and no other goes there."""
        charges = np.zeros(len(self._visits) + 2 * len(self._stands), np.int64)
        charges[: len(self._visits)] = [_charge(self._problem.prices, visit, nurse) * _SCALE for visit in self._visits]
        return charges

    def _add_visits(self) -> None:
        """State who may do each visit, when, and what leaving it out costs."""
        for node, visit in enumerate(self._visits):
            index = self._manager.NodeToIndex(node)
            starts = _start_times(visit, self._begin, self._horizon)
            allowed = [v for v, stand in enumerate(self._stands) if starts and bar(visit, stand.shift) is None]
            self._routing.VehicleVar(index).SetValues([-1, *allowed])
            self._routing.AddDisjunction([index], self._problem.leave_out_price(visit) * _SCALE)
            if not starts:
                continue
            cumul = self._time.CumulVar(index)
            cumul.SetRange(starts[0][0], starts[-1][1])
            for (_, closes), (opens, _) in pairwise(starts):
                cumul.RemoveInterval(closes + 1, opens - 1)

    def _add_shifts(self) -> None:
        """State each shift's times, breaks, longest duty and what sending its nurse out costs."""
        durations = self._durations().tolist()
        for vehicle, stand in enumerate(self._stands):
            shift = stand.shift
            start, end = (self._time.CumulVar(at(vehicle)) for at in (self._routing.Start, self._routing.End))
            free, over = stand.free_at - self._begin, shift.end - self._begin
            start.SetRange(free, over)
            end.SetRange(free, over)
            if stand.departure is None:
                self._routing.SetFixedCostOfVehicle(self._problem.prices.shift_used * _SCALE, vehicle)
            if shift.max_duty_s is not None:
                self._bound_duty(vehicle, stand, shift.max_duty_s)
            if stand.pending:
                breaks = [self._break(shift.breaks[number], free) for number in stand.pending]
                self._time.SetBreakIntervalsOfVehicle(breaks, vehicle, durations)

    def _bound_duty(self, vehicle: int, stand: Standing, most: int) -> None:
        if stand.departure is None:
            self._time.SetSpanUpperBoundForVehicle(most, vehicle)
        else:
            self._time.CumulVar(self._routing.End(vehicle)).SetMax(stand.departure + most - self._begin)

    def _break(self, pause: Break, free: int) -> pywrapcp.IntervalVar:
        earliest = max(pause.earliest_start - self._begin, free)
        latest = pause.latest_end - pause.duration_s - self._begin
        solver = self._routing.solver()
        interval: pywrapcp.IntervalVar = solver.FixedDurationIntervalVar(
            earliest,
            latest,
            pause.duration_s,
            False,  # noqa: FBT003 - positional in OR-Tools
            "break",
        )
        return interval

    def solve(self, orders: Orders, search: Search) -> Orders | None:
        """Search from the present orders on."""
        parameters = _parameters(search)
        # Where no move is left, guided local search finds no further solution and would go on until the clock's cap.
        self._routing.AddSearchMonitor(self._routing.solver().FailuresLimit(_MOST_FAILURES))
        self._routing.CloseModelWithParameters(parameters)
        node = {visit.id: node for node, visit in enumerate(self._visits)}
        routes = [[node[visit_id] for visit_id in order] for order in orders.values()]
        if search.solutions is not None:
            branches = self._routing.solver().BranchesLimit(search.solutions * _BRANCHES)
            self._routing.AddSearchMonitor(branches)
        present = self._routing.ReadAssignmentFromRoutes(routes, True)  # noqa: FBT003 - positional in OR-Tools
        if present is None:
            return None
        found = self._routing.SolveFromAssignmentWithParameters(present, parameters)
        if found is None:
            return None
        return {shift_id: self._order(found, vehicle) for vehicle, shift_id in enumerate(orders)}

    def _order(self, found: pywrapcp.Assignment, vehicle: int) -> list[VisitId]:
        order: list[VisitId] = []
        index = found.Value(self._routing.NextVar(self._routing.Start(vehicle)))
        while not self._routing.IsEnd(index):
            order.append(self._visits[self._manager.IndexToNode(index)].id)
            index = found.Value(self._routing.NextVar(index))
        return order


def _start_times(visit: Visit, begin: int, horizon: int) -> list[tuple[int, int]]:
    """Return first and last start of each stretch of time in which the visit can start, from ``begin`` on, apart."""
    starts: list[tuple[int, int]] = []
    for window in sorted(visit.windows, key=lambda window: window.opens):
        first = max(0, window.opens - begin)
        last = min(horizon, window.closes - visit.duration_s - begin)
        if last < first:
            continue
        if starts and first <= starts[-1][1] + 1:
            starts[-1] = (starts[-1][0], max(starts[-1][1], last))
        else:
            starts.append((first, last))
    return starts


def _charge(prices: Prices, visit: Visit, nurse: NurseId) -> int:
    """Return what it costs in cents that this nurse and no other does the visit."""
    cents = 0
    if visit.preferred_nurses and nurse not in visit.preferred_nurses:
        cents += prices.not_preferred
    if visit.current_nurse is not None and visit.current_nurse != nurse:
        cents += prices.nurse_changed
    return cents


def _parameters(search: Search) -> RoutingSearchParameters:
    """Return search parameters under which only the number of solutions ends the search, short of the cap."""
    parameters: RoutingSearchParameters = pywrapcp.DefaultRoutingSearchParameters()
    methods = routing_enums_pb2.LocalSearchMetaheuristic
    if search.solutions is None:
        parameters.local_search_metaheuristic = methods.GREEDY_DESCENT
    else:
        parameters.local_search_metaheuristic = methods.GUIDED_LOCAL_SEARCH
        parameters.solution_limit = search.solutions
    parameters.local_search_operators.use_relocate_neighbors = BOOL_TRUE
    parameters.time_limit.FromMilliseconds(max(1, round(search.cap_s * 1000)))
    return parameters
