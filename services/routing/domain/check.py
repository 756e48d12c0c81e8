"""The second opinion: verifies any plan against its problem, by arithmetic of its own.

It shares the data types with the planner and nothing else. Every plan passes it before it is saved.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from services.routing.domain.plan import Plan, Route, Stop
from services.routing.domain.prices import Price
from services.routing.domain.problem import UNREACHABLE, BegunBreak, BegunVisit, Problem, Shift, Visit


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a plan breaks, and a sentence that says where."""

    rule: str
    sentence: str


def check(problem: Problem, plan: Plan) -> list[Violation]:
    """Return every rule the plan breaks; empty: the plan holds."""
    violations = list(_check_routes_named(problem, plan))
    if violations:
        return violations
    violations += _check_every_visit_once(problem, plan)
    for shift, route in zip(problem.shifts, plan.routes, strict=True):
        known = all(stop.visit_id is None or stop.visit_id in problem.visit for stop in route.stops)
        if known:
            violations += _RouteCheck(problem, shift, route).violations()
    violations += _check_price(problem, plan)
    return violations


def _check_routes_named(problem: Problem, plan: Plan) -> Iterator[Violation]:
    expected = [(shift.id, shift.nurse_id) for shift in problem.shifts]
    if [(route.shift_id, route.nurse_id) for route in plan.routes] != expected:
        yield Violation("routes", "The plan must have one route for each shift and its nurse, in the problem's order.")


def _check_every_visit_once(problem: Problem, plan: Plan) -> Iterator[Violation]:
    places = Counter(stop.visit_id for route in plan.routes for stop in route.stops if stop.visit_id is not None)
    places.update(left.visit_id for left in plan.unassigned)
    for visit in problem.visits:
        if places[visit.id] == 0:
            yield Violation("lost", f"Visit {visit.id} is in no route and not among the unassigned.")
        elif places[visit.id] > 1:
            yield Violation("twice", f"Visit {visit.id} is in the plan {places[visit.id]} times.")
    for visit_id in places:
        if visit_id not in problem.visit:
            yield Violation("unknown", f"Visit {visit_id} is in the plan but not in the problem.")


def _check_price(problem: Problem, plan: Plan) -> Iterator[Violation]:
    sums = {rule: sum(getattr(route.price, rule) for route in plan.routes) for rule in plan.price.by_rule()}
    for left in plan.unassigned:
        visit = problem.visit.get(left.visit_id)
        if visit is not None:
            own = visit.leave_out_price
            sums["left_out"] += problem.prices.leave_out(visit.priority) if own is None else own
    for rule, cents in sums.items():
        said = getattr(plan.price, rule)
        if said != cents:
            yield Violation("price", f"The plan says {said} cents for {rule}; its parts add up to {cents}.")


class _RouteCheck:
    """Verifies one route."""

    def __init__(self, problem: Problem, shift: Shift, route: Route) -> None:
        self._problem = problem
        self._shift = shift
        self._route = route
        self._facts = problem.begun_in[shift.id]
        self._planned = route.stops[len(self._facts) :]
        self._free = max([problem.now, shift.start, *(fact.end for fact in self._facts)])
        self._name = f"the route of shift {shift.id}"

    def violations(self) -> Iterator[Violation]:
        """Yield what is wrong with the route."""
        yield from self._check_begun()
        for stop in self._planned:
            if (stop.visit_id is None) == (stop.break_number is None):
                yield Violation("stop", f"In {self._name} the stop at {stop.start} is not either a visit or a break.")
            if stop.visit_id is not None:
                yield from self._check_visit(self._problem.visit[stop.visit_id], stop)
        yield from self._check_times()
        yield from self._check_legs()
        if any(stop.visit_id is not None for stop in self._planned):
            yield from self._check_breaks()
            yield from self._check_shift()
        elif self._planned:
            yield Violation("breaks", f"In {self._name} a break is planned though no visit is.")
        yield from self._check_price()

    def _check_begun(self) -> Iterator[Violation]:
        if len(self._route.stops) < len(self._facts):
            yield Violation("begun", f"In {self._name} something is missing of what has begun.")
            return
        for fact, stop in zip(self._facts, self._route.stops, strict=False):
            if isinstance(fact, BegunVisit):
                same = (stop.visit_id, stop.arrival) == (fact.visit_id, fact.arrival)
            else:
                same = (stop.visit_id, stop.break_number) == (None, fact.number)
            if not same or (stop.start, stop.end, stop.begun) != (fact.start, fact.end, True):
                yield Violation("begun", f"{self._name.capitalize()} does not start with what has begun: {fact}.")
        if any(stop.begun for stop in self._planned):
            yield Violation("begun", f"In {self._name} a stop counts as begun that has not begun.")

    def _check_visit(self, visit: Visit, stop: Stop) -> Iterator[Violation]:
        shift = self._shift
        missing = sorted(visit.skills - shift.skills)
        if missing:
            yield Violation("skills", f"Visit {visit.id} is in {self._name}, whose nurse lacks {', '.join(missing)}.")
        for kinds in visit.licence_options:
            if not {f"{kind}:{visit.state}" for kind in kinds} & shift.licences:
                one_of = " or ".join(sorted(kinds))
                yield Violation(
                    "licences", f"Visit {visit.id} is in {self._name}, whose nurse is not {one_of} in {visit.state}."
                )
        if shift.nurse_id in visit.excluded_nurses:
            yield Violation("excluded", f"Visit {visit.id} is in {self._name}, whose nurse it excludes.")
        if stop.end - stop.start != visit.duration_s:
            yield Violation(
                "duration", f"Visit {visit.id} takes {stop.end - stop.start} s instead of {visit.duration_s} s."
            )
        if not any(window.opens <= stop.start and stop.end <= window.closes for window in visit.windows):
            yield Violation("window", f"Visit {visit.id} from {stop.start} to {stop.end} lies in none of its windows.")

    def _check_times(self) -> Iterator[Violation]:
        if not self._planned:
            return
        leaves = self._planned[0].arrival - self._planned[0].drive_s
        if leaves < self._free:
            yield Violation(
                "now", f"{self._name.capitalize()} goes on at {leaves}, but its nurse is not free before {self._free}."
            )
        at_home = not self._facts
        over = leaves if at_home else self._free
        for stop in self._planned:
            what = f"break {stop.break_number}" if stop.visit_id is None else f"visit {stop.visit_id}"
            in_time = stop.arrival >= over + stop.drive_s if at_home else stop.arrival == over + stop.drive_s
            at_home = at_home and stop.visit_id is None
            if not in_time:
                yield Violation(
                    "travel", f"In {self._name} {what} is reached at {stop.arrival}, not {over + stop.drive_s}."
                )
            if not stop.arrival <= stop.start <= stop.end:
                yield Violation("order", f"In {self._name} {what} does not arrive, start and end in this order.")
            over = stop.end

    def _check_legs(self) -> Iterator[Violation]:
        """Between two places the parts of the drive, before, between and after breaks, add up to the matrix."""
        site = self._shift.start_site
        for fact in self._facts:
            if isinstance(fact, BegunVisit):
                site = self._problem.visit[fact.visit_id].site
        seconds = metres = 0
        for stop in self._planned:
            if stop.drive_s < 0 or stop.drive_m < 0:
                yield Violation("travel", f"In {self._name} a drive is negative.")
            seconds, metres = seconds + stop.drive_s, metres + stop.drive_m
            if stop.visit_id is not None:
                here = self._problem.visit[stop.visit_id].site
                yield from self._check_leg(site, here, seconds, metres)
                site, seconds, metres = here, 0, 0
        if not self._route.stops:
            if self._route.home_s or self._route.home_m:
                yield Violation("travel", f"{self._name.capitalize()} is empty but has a way home.")
            return
        seconds, metres = seconds + self._route.home_s, metres + self._route.home_m
        stranded = self._problem.travel.seconds[site, self._shift.end_site] == UNREACHABLE
        if not (stranded and not self._planned and (seconds, metres) == (0, 0)):
            yield from self._check_leg(site, self._shift.end_site, seconds, metres)

    def _check_leg(self, origin: int, target: int, seconds: int, metres: int) -> Iterator[Violation]:
        travel = self._problem.travel
        if travel.seconds[origin, target] == UNREACHABLE:
            yield Violation("unreachable", f"In {self._name} no road leads from site {origin} to site {target}.")
        elif (seconds, metres) != (travel.seconds[origin, target], travel.metres[origin, target]):
            yield Violation(
                "travel",
                f"In {self._name} the drive from site {origin} to site {target} is {seconds} s and {metres} m "
                f"instead of {travel.seconds[origin, target]} s and {travel.metres[origin, target]} m.",
            )

    def _check_breaks(self) -> Iterator[Violation]:
        taken = {fact.number for fact in self._facts if isinstance(fact, BegunBreak)}
        planned = Counter(stop.break_number for stop in self._planned if stop.break_number is not None)
        for number, pause in enumerate(self._shift.breaks):
            lapsed = self._free + pause.duration_s > pause.latest_end
            due = 0 if number in taken or lapsed else 1
            if planned.pop(number, 0) != due:
                yield Violation("breaks", f"In {self._name} break {number} must be planned {due} times.")
        for number in planned:
            yield Violation("breaks", f"In {self._name} break {number} is not one of the shift's.")
        for stop in self._planned:
            if stop.break_number is None or not 0 <= stop.break_number < len(self._shift.breaks):
                continue
            pause = self._shift.breaks[stop.break_number]
            if stop.end - stop.start != pause.duration_s:
                yield Violation("breaks", f"In {self._name} break {stop.break_number} has the wrong length.")
            if stop.start < pause.earliest_start or stop.end > pause.latest_end:
                yield Violation("breaks", f"In {self._name} break {stop.break_number} lies outside its window.")

    def _check_shift(self) -> Iterator[Violation]:
        route, shift = self._route, self._shift
        first = route.stops[0]
        if route.departure != first.arrival - first.drive_s:
            yield Violation("departure", f"{self._name.capitalize()} does not depart in time for its first stop.")
        if not self._facts and route.departure < shift.start:
            yield Violation("shift", f"{self._name.capitalize()} departs at {route.departure}, before the shift.")
        if route.back != route.stops[-1].end + route.home_s:
            yield Violation("travel", f"{self._name.capitalize()} is not back after the drive from its last stop.")
        if route.back > shift.end:
            yield Violation("shift", f"{self._name.capitalize()} is back at {route.back}, after the shift.")
        if shift.max_duty_s is not None and route.back - route.departure > shift.max_duty_s:
            yield Violation("max_duty", f"{self._name.capitalize()} lasts longer than {shift.max_duty_s} s.")

    def _check_price(self) -> Iterator[Violation]:
        prices, nurse = self._problem.prices, self._shift.nurse_id
        stops, home = self._planned, self._route
        visits = [self._problem.visit[stop.visit_id] for stop in stops if stop.visit_id is not None]
        waiting = sum(stop.start - stop.arrival for stop in stops if stop.visit_id is not None)
        due = Price(
            driving_time=(sum(stop.drive_s for stop in stops) + home.home_s) * prices.driving_hour // 3600,
            driving_distance=(sum(stop.drive_m for stop in stops) + home.home_m) * prices.driving_km // 1000,
            waiting=waiting * prices.waiting_hour // 3600,
            not_preferred=sum(
                prices.not_preferred for v in visits if v.preferred_nurses and nurse not in v.preferred_nurses
            ),
            nurse_changed=sum(prices.nurse_changed for v in visits if v.current_nurse not in {None, nurse}),
            shift_used=prices.shift_used if visits and not self._facts else 0,
        )
        for rule, cents in due.by_rule().items():
            said = getattr(self._route.price, rule)
            if said != cents:
                yield Violation("price", f"{self._name.capitalize()} says {said} cents for {rule}; it costs {cents}.")
