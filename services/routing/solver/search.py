"""The improvement of a draft: neighbourhood by neighbourhood, each solved anew by OR-Tools, deeper when little is left.

One OR-Tools model of a whole day with breaks takes a minute to reach what neighbourhoods of six routes reach in seconds
(see tests/bench/bench_planner_first.py); and between two of them there is always a valid plan in hand.
"""

from random import Random

from services.routing.solver.draft import Draft
from services.routing.solver.effort import Meter
from services.routing.solver.model import Search, solve
from services.routing.solver.neighbourhood import Neighbourhoods
from shared.events.ids import ShiftId, VisitId

_DEPTHS = (None, 30, 60, 120)
"""Solutions searched in each neighbourhood: first straight downhill, then further and further past local optima."""
_WORTHWHILE = 4
"""A pass in which fewer than one neighbourhood in this many got cheaper goes deeper next time."""


def improve(draft: Draft, meter: Meter, random: Random) -> None:
    """Make the draft cheaper until the effort is spent or a pass at the greatest depth changes nothing."""
    neighbourhoods = Neighbourhoods(draft)
    tried: set[tuple[object, ...]] = set()
    depth = 0
    while neighbourhoods.open and depth < len(_DEPTHS):
        centres = list(neighbourhoods.open)
        random.shuffle(centres)
        improved = 0
        for centre in centres:
            shift_ids = neighbourhoods.around_shift(centre, random)
            state = _state(draft, depth, shift_ids)
            if state in tried:
                continue
            if not meter.take():
                return
            tried.add(state)
            improved += resolve(draft, neighbourhoods, shift_ids, Search(_DEPTHS[depth], meter.seconds_left))
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
