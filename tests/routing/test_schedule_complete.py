"""The evaluator against brute force: small days in which every instant can be tried."""

from collections.abc import Iterator
from functools import cache
from itertools import pairwise, permutations
from random import Random

import numpy as np
import pytest

from services.routing.domain.check import check
from services.routing.domain.explain import explain
from services.routing.domain.plan import Plan, Route, total
from services.routing.domain.problem import Break, Problem, Shift, Travel, Visit, Window
from services.routing.domain.schedule import Blocked, Scheduler
from tests.routing.days import nurse_id, shift_id, visit_id

_END = 40


def _tiny_day(seed: int) -> Problem:
    """Return a day of 40 seconds with a nurse, up to two breaks and up to three visits."""
    random = Random(seed)  # noqa: S311 - a test's dice
    sites = 4
    seconds = np.array([[0 if i == j else random.randrange(1, 7) for j in range(sites)] for i in range(sites)])
    travel = Travel(seconds.astype(np.int32), (seconds * 10).astype(np.int32))
    breaks = []
    for _ in range(random.randrange(3)):
        opens = random.randrange(25)
        length = random.randrange(1, 5)
        breaks.append(Break(length, opens, min(_END, opens + length + random.randrange(12))))
    if len(breaks) == 2 and not any(_one_after_another(order) for order in permutations(breaks)):
        breaks.pop()
    most = random.choice([None, None, 18, 24])
    shift = Shift(shift_id(1), nurse_id(1), 0, _END, 0, 0, breaks=tuple(breaks), max_duty_s=most)
    return Problem(tuple(_tiny_visit(random, number) for number in range(1, sites)), (shift,), travel)


def _one_after_another(breaks: tuple[Break, ...]) -> bool:
    over = 0
    for pause in breaks:
        over = max(over, pause.earliest_start) + pause.duration_s
        if over > pause.latest_end:
            return False
    return True


def _tiny_visit(random: Random, number: int) -> Visit:
    windows = []
    for _ in range(random.randrange(1, 3)):
        opens = random.randrange(30)
        windows.append(Window(opens, opens + random.randrange(3, 15)))
    return Visit(visit_id(number), number, random.randrange(1, 5), tuple(windows))


def _soonest_back(problem: Problem, order: list[Visit], leave: int) -> int | None:
    """Return the earliest instant at which all can be over if nothing happens before ``leave``, by trying all."""
    shift = problem.shifts[0]
    sites = [shift.start_site, *(visit.site for visit in order), shift.end_site]
    drives = [int(problem.travel.seconds[a, b]) for a, b in pairwise(sites)]

    @cache
    def back(leg: int, driven: int, breaks_left: frozenset[int], now: int) -> int | None:
        """Try every act of the next second: drive, start a break, start the visit, stand still."""
        if leg == len(order) and driven == drives[leg] and not breaks_left:
            return now
        if now >= shift.end:
            return None
        found = [back(leg, driven, breaks_left, now + 1)]
        if driven < drives[leg]:
            found.append(back(leg, driven + 1, breaks_left, now + 1))
        elif leg < len(order):
            over = now + order[leg].duration_s
            if any(w.opens <= now and over <= w.closes for w in order[leg].windows):
                found.append(back(leg + 1, 0, breaks_left, over))
        for number in breaks_left:
            pause = shift.breaks[number]
            over = now + pause.duration_s
            if pause.earliest_start <= now and over <= pause.latest_end:
                found.append(back(leg, driven, breaks_left - {number}, over))
        return min((instant for instant in found if instant is not None), default=None)

    best = back(0, 0, frozenset(range(len(shift.breaks))), leave)
    return best if best is not None and best <= shift.end else None


def _possible(problem: Problem, order: list[Visit]) -> bool:
    shift = problem.shifts[0]
    most = shift.max_duty_s or _END
    backs = ((leave, _soonest_back(problem, order, leave)) for leave in range(shift.start, shift.end))
    return any(back is not None and back - leave <= most for leave, back in backs)


def _orders(problem: Problem) -> Iterator[list[Visit]]:
    for length in range(1, len(problem.visits) + 1):
        for order in permutations(problem.visits, length):
            yield list(order)


@pytest.mark.parametrize("seed", range(40))
def test_an_order_is_blocked_only_if_no_timing_of_it_keeps_the_rules(seed: int) -> None:
    problem = _tiny_day(seed)
    scheduler = Scheduler(problem)
    for order in _orders(problem):
        route = scheduler.schedule(problem.shifts[0].id, [visit.id for visit in order])

        assert isinstance(route, Route) == _possible(problem, order), [visit.id for visit in order]


@pytest.mark.parametrize("seed", range(40))
def test_a_route_is_back_as_early_as_it_can_be_and_passes_the_check(seed: int) -> None:
    problem = _tiny_day(seed)
    shift = problem.shifts[0]
    scheduler = Scheduler(problem)
    for order in _orders(problem):
        route = scheduler.schedule(shift.id, [visit.id for visit in order])
        if isinstance(route, Blocked):
            continue
        if shift.max_duty_s is None:
            assert route.back == _soonest_back(problem, order, shift.start)
        rest = [visit for visit in problem.visits if visit not in order]
        plan = Plan(
            (route,),
            tuple(explain(scheduler, {shift.id: route}, visit) for visit in rest),
            total({shift.id: route}, sum(problem.leave_out_price(visit) for visit in rest)),
        )

        assert check(problem, plan) == []
