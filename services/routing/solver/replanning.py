"""Small changes to a plan: the least that answers them first, more only when that finds no place."""

from collections.abc import Collection
from random import Random

from services.routing.domain.explain import explain
from services.routing.domain.plan import Plan, Reason
from services.routing.domain.problem import Problem, Visit
from services.routing.domain.schedule import Scheduler
from services.routing.solver.draft import Draft
from services.routing.solver.effort import Effort, Meter
from services.routing.solver.model import Search
from services.routing.solver.neighbourhood import Neighbourhoods
from services.routing.solver.planner import Result, finish, orders_of
from services.routing.solver.search import improve, resolve
from shared.events.ids import VisitId

_WIDENING = (3, 6, 12)
"""Routes planned anew around a visit that has found no place, attempt by attempt."""
_SOLUTIONS = 40
"""Solutions searched in each of these attempts."""


def replan(problem: Problem, previous: Plan, changed_visits: Collection[VisitId], effort: Effort, seed: int) -> Result:
    """Bring a plan up to date with little change to it.

    Every visit keeps its nurse and its place in the order as far as it still can. Visits that are new, changed or
    displaced go to the cheapest place in the routes as they are. Where there is none, the routes around are planned
    anew, a few, then more; if that fails too, the whole day is, from the present routes on, until there is one.

    Args:
        problem: the day as it is now.
        previous: the plan in force.
        changed_visits: those that are new or that changed in place, windows or needs. Visits that are gone from the
            problem leave their routes without being named.
        effort: for the whole day, if it comes to that.
        seed: as for ``plan``.

    Raises:
        PlanError: the result failed its check.
    """
    meter = Meter(effort)
    changed = set(changed_visits)
    orders = {
        shift_id: tuple(visit_id for visit_id in order if visit_id not in changed)
        for shift_id, order in orders_of(previous).items()
    }
    draft = Draft(Scheduler(problem), orders)
    settled = {left.visit_id for left in previous.unassigned} - changed
    draft.fit()
    for size in _WIDENING:
        homeless = _homeless(draft, settled)
        if not homeless or not meter.take():
            break
        neighbourhoods = Neighbourhoods(draft)
        shift_ids = neighbourhoods.around_visits(homeless, size)
        resolve(draft, neighbourhoods, shift_ids, Search(_SOLUTIONS, meter.seconds_left))
    if _homeless(draft, settled):
        improve(draft, meter, Random(seed), lambda: not _homeless(draft, settled))  # noqa: S311 - a search, not a secret
    return finish(draft, meter)


def _homeless(draft: Draft, settled: set[VisitId]) -> list[Visit]:
    """Return the visits left out for want of room that were not left out before."""
    waiting = [draft.scheduler.problem.visit[visit_id] for visit_id in draft.left_out if visit_id not in settled]
    return [visit for visit in waiting if explain(draft.scheduler, draft.routes, visit).reason is Reason.NO_ROOM]
