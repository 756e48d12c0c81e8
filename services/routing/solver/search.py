"""The improvement of a draft: neighbourhood by neighbourhood, each solved anew by OR-Tools, deeper when little is left.

One OR-Tools model of a whole day with breaks takes minutes to reach what small neighbourhoods reach in seconds
(tests/bench/bench_planner_first.py measures both); and between two of them there is always a valid plan in hand.
"""

from collections.abc import Callable
from random import Random

from services.routing.solver.draft import Draft
from services.routing.solver.effort import Meter
from services.routing.solver.model import Search, solve
from services.routing.solver.neighbourhood import Neighbourhoods
from shared.events.ids import ShiftId, VisitId

_DEPTHS: tuple[tuple[int, int | None, int], ...] = ((4, None, 1), (6, None, 1), (9, None, 1), (6, 30, 10), (6, 60, 20))
"""Routes in a neighbourhood, solutions searched in it, and the rounds that this counts for, by the CPU it takes:
straight downhill first, in few routes, then in more; then on past local optima."""
_WORTHWHILE = 4
"""A pass in which fewer than one neighbourhood in this many got cheaper goes deeper next time."""


def improve(draft: Draft, meter: Meter, random: Random, enough: Callable[[], bool] = lambda: False) -> None:
    """Make the draft cheaper until the effort is spent or a pass at the greatest depth changes nothing.

    Args:
        draft: changed in place.
        meter: the effort.
        random: chooses neighbourhoods.
        enough: asked after each step forward; ends the search.
    """
    neighbourhoods = Neighbourhoods(draft)
    tried: set[tuple[object, ...]] = set()
    depth = 0
    while neighbourhoods.open and depth < len(_DEPTHS):
        centres = list(neighbourhoods.open)
        random.shuffle(centres)
        improved = 0
        size, solutions, rounds = _DEPTHS[depth]
        for centre in centres:
            shift_ids = neighbourhoods.around_shift(centre, random, size)
            state = _state(draft, depth, shift_ids)
            if state in tried:
                continue
            if not meter.take(rounds):
                return
            tried.add(state)
            if resolve(draft, neighbourhoods, shift_ids, Search(solutions, meter.seconds_left)):
                improved += 1
                if enough():
                    return
        deepest = depth == len(_DEPTHS) - 1
        if improved * _WORTHWHILE < len(centres) and not (deepest and improved):
            depth += 1


def resolve(draft: Draft, neighbourhoods: Neighbourhoods, shift_ids: list[ShiftId], search: Search) -> bool:
    """Solve these shifts' routes and the visits waiting around them anew; return whether the draft got cheaper."""
    orders = {shift_id: draft.routes[shift_id].planned for shift_id in shift_ids}
    found = solve(draft.scheduler, orders, neighbourhoods.pool(shift_ids), search)
    return found is not None and draft.improve_by(found)


def _state(draft: Draft, depth: int, shift_ids: list[ShiftId]) -> tuple[object, ...]:
    """Return what tells a neighbourhood that has been tried from one that has changed since."""
    orders: list[tuple[ShiftId, tuple[VisitId, ...]]] = sorted((s, draft.routes[s].planned) for s in shift_ids)
    return (depth, *orders)
