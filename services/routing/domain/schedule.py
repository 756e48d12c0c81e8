"""The route evaluator: for a shift and an order of visits, the earliest times that keep every rule, or what blocks.

Being early never hurts (windows allow waiting), so it is enough to know, for each set of breaks already taken,
the earliest time at which a stop can be over. Breaks are few, so all their placements are tried at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise, permutations

from services.routing.domain.gap import NEVER, Leg, Pause, finish, lay_out, lay_out_late
from services.routing.domain.plan import Route, Stop
from services.routing.domain.prices import Price
from services.routing.domain.problem import UNREACHABLE, Break, Problem, Visit
from services.routing.domain.standing import Standing, standing
from shared.events.ids import ShiftId, VisitId


class Rule(StrEnum):
    """The rules that can block an order of visits."""

    UNREACHABLE = "unreachable"
    WINDOW = "window"
    BREAKS = "breaks"
    SHIFT_END = "shift_end"
    MAX_DUTY = "max_duty"


@dataclass(frozen=True, slots=True)
class Blocked:
    """The first rule that an order of visits cannot keep, and the visit at which it fails; None: on the way home."""

    rule: Rule
    visit_id: VisitId | None


@dataclass(frozen=True, slots=True)
class _Move:
    """One way to spend a gap: which breaks were taken before it (a bit set) and which are taken in it, in order."""

    before: int
    numbers: tuple[int, ...]
    breaks: tuple[Break, ...]


type _Ends = list[int]
"""By bit set of breaks taken: when the stop can be over at the earliest."""


class Scheduler:
    """Evaluates routes of one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._standing = {shift.id: standing(problem, shift) for shift in problem.shifts}
        self._moves = {shift_id: _ways_through(stand) for shift_id, stand in self._standing.items()}
        self._seconds = problem.travel.seconds_rows
        self._metres = problem.travel.metres_rows

    def standing(self, shift_id: ShiftId) -> Standing:
        """Return where the shift stands."""
        return self._standing[shift_id]

    def schedule(self, shift_id: ShiftId, order: Sequence[VisitId]) -> Route | Blocked:
        """Time a route.

        Args:
            shift_id: whose route.
            order: the visits after what has begun.

        Returns:
            The route in which every visit starts as early as it can and the nurse leaves as late as that allows,
            or what blocks it. With no order it is what has begun and the way home, and is never blocked.
        """
        stand = self._standing[shift_id]
        if not order:
            return self.rest(shift_id)
        visits = [self.problem.visit[visit_id] for visit_id in order]
        most = stand.shift.max_duty_s
        not_before = stand.free_at
        while True:
            ends = self._forward(stand, visits, not_before)
            if isinstance(ends, Blocked):
                return ends
            route = self._route(stand, visits, ends, not_before)
            if most is None or route.back - route.departure <= most:
                return route
            # Whatever leaves earlier than this is also back no earlier, and so is on duty for too long.
            not_before = route.back - most
            if stand.departure is not None:
                return Blocked(Rule.MAX_DUTY, None)

    def _forward(self, stand: Standing, visits: Sequence[Visit], not_before: int) -> list[_Ends] | Blocked:
        """Return for the start, each visit and the way home when they can be over."""
        moves = self._moves[stand.shift.id]
        ends: _Ends = [not_before] + [NEVER] * (len(moves) - 1)
        all_ends = [ends]
        site = stand.site
        for visit in visits:
            drive = self._seconds[site][visit.site]
            if drive == UNREACHABLE:
                return Blocked(Rule.UNREACHABLE, visit.id)
            ready = [_best(into, ends, drive)[0] for into in moves]
            ends = [_end_of(visit, at) for at in ready]
            if min(ends) >= NEVER:
                return Blocked(Rule.BREAKS if min(ready) >= NEVER else Rule.WINDOW, visit.id)
            all_ends.append(ends)
            site = visit.site
        drive = self._seconds[site][stand.shift.end_site]
        if drive == UNREACHABLE:
            return Blocked(Rule.UNREACHABLE, None)
        ends = [_best(into, ends, drive)[0] for into in moves]
        if ends[-1] >= NEVER:
            return Blocked(Rule.BREAKS, None)
        if ends[-1] > stand.shift.end:
            return Blocked(Rule.SHIFT_END, None)
        all_ends.append(ends)
        return all_ends

    def _route(self, stand: Standing, visits: Sequence[Visit], all_ends: Sequence[_Ends], not_before: int) -> Route:
        """Write down the stops behind the earliest ends."""
        sites = [stand.site, *(visit.site for visit in visits), stand.shift.end_site]
        legs = [Leg(self._seconds[a][b], self._metres[a][b]) for a, b in pairwise(sites)]
        moves = _retrace(self._moves[stand.shift.id], all_ends, legs)
        stops: list[Stop] = []
        at = not_before
        for visit, leg, (taken, move), ends in zip(visits, legs, moves, all_ends[1:], strict=False):
            end = ends[taken]
            start = end - visit.duration_s
            leaves_home = not stops and stand.departure is None
            place = lay_out_late if leaves_home else lay_out
            pauses = place(at, leg.seconds, move.breaks, start)
            rest = _take_breaks(stops, leg, move, pauses)
            over = pauses[-1].end if pauses else at
            arrival = start if leaves_home else over + rest.seconds
            stops.append(Stop(visit.id, None, arrival, start, end, rest.seconds, rest.metres))
            at = end
        pauses = lay_out(at, legs[-1].seconds, moves[-1][1].breaks, all_ends[-1][-1])
        home = _take_breaks(stops, legs[-1], moves[-1][1], pauses)
        price = self._price(stand, stops, home, visits)
        departure = stops[0].arrival - stops[0].drive_s if stand.departure is None else stand.departure
        return Route(
            stand.shift.id,
            stand.shift.nurse_id,
            (*stand.stops, *stops),
            departure,
            stops[-1].end + home.seconds,
            home.seconds,
            home.metres,
            price,
        )

    def rest(self, shift_id: ShiftId) -> Route:
        """Return the route with nothing planned: what has begun, then home, whatever the rules say."""
        stand = self._standing[shift_id]
        shift = stand.shift
        if not stand.stops:
            return Route(shift.id, shift.nurse_id, (), shift.start, shift.start, 0, 0, Price())
        seconds = self._seconds[stand.site][shift.end_site]
        home = Leg(0, 0) if seconds == UNREACHABLE else Leg(seconds, self._metres[stand.site][shift.end_site])
        return Route(
            shift.id,
            shift.nurse_id,
            stand.stops,
            stand.stops[0].arrival - stand.stops[0].drive_s,
            stand.free_at + home.seconds,
            home.seconds,
            home.metres,
            self._price(stand, (), home, ()),
        )

    def _price(self, stand: Standing, stops: Sequence[Stop], home: Leg, visits: Sequence[Visit]) -> Price:
        """Return the price of the stops that are still planned and of the way home."""
        prices = self.problem.prices
        nurse = stand.shift.nurse_id
        return Price(
            driving_time=prices.driving_time(sum(stop.drive_s for stop in stops) + home.seconds),
            driving_distance=prices.driving_distance(sum(stop.drive_m for stop in stops) + home.metres),
            waiting=prices.waiting(sum(stop.start - stop.arrival for stop in stops if stop.visit_id is not None)),
            not_preferred=prices.not_preferred
            * sum(1 for visit in visits if visit.preferred_nurses and nurse not in visit.preferred_nurses),
            nurse_changed=prices.nurse_changed
            * sum(1 for visit in visits if visit.current_nurse is not None and visit.current_nurse != nurse),
            shift_used=0 if stand.stops else prices.shift_used,
        )


def _ways_through(stand: Standing) -> list[list[_Move]]:
    """Return by bit set of pending breaks taken after a gap every way to have got there."""
    count = len(stand.pending)
    return [
        [
            _Move(before, order, tuple(stand.shift.breaks[number] for number in order))
            for before in range(after, -1, -1)
            if before & after == before
            for order in permutations(number for bit, number in enumerate(stand.pending) if (after ^ before) >> bit & 1)
        ]
        for after in range(1 << count)
    ]


def _best(into: Sequence[_Move], ends: _Ends, drive_s: int) -> tuple[int, _Move]:
    """Return the way through a gap that is over first, and when."""
    best, chosen = NEVER, into[0]
    for move in into:
        begin = ends[move.before]
        over = finish(begin, drive_s, move.breaks) if move.breaks else begin + drive_s
        if over < best:
            best, chosen = over, move
    return best, chosen


def _end_of(visit: Visit, ready: int) -> int:
    """Return when the visit can be over if the nurse is ready at ``ready``; NEVER if it fits no window any more."""
    best = NEVER
    for window in visit.windows:
        end = max(ready, window.opens) + visit.duration_s
        if end <= window.closes and end < best:
            best = end
    return best


def _retrace(moves: list[list[_Move]], all_ends: Sequence[_Ends], legs: Sequence[Leg]) -> list[tuple[int, _Move]]:
    """Return for each leg the breaks taken after it, as a bit set, and the move that led there."""
    taken = len(moves) - 1
    chosen: list[tuple[int, _Move]] = []
    for ends, leg in zip(reversed(all_ends[:-1]), reversed(legs), strict=True):
        _, move = _best(moves[taken], ends, leg.seconds)
        chosen.append((taken, move))
        taken = move.before
    return chosen[::-1]


def _take_breaks(stops: list[Stop], leg: Leg, move: _Move, pauses: Sequence[Pause]) -> Leg:
    """Add the breaks of a leg to the stops; return what is left of the leg after the last."""
    seconds, metres = leg.seconds, leg.metres
    for number, pause in zip(move.numbers, pauses, strict=True):
        part_m = metres * pause.drive_s // seconds if seconds else 0
        stops.append(Stop(None, number, pause.arrival, pause.start, pause.end, pause.drive_s, part_m))
        seconds, metres = seconds - pause.drive_s, metres - part_m
    return Leg(seconds, metres)
