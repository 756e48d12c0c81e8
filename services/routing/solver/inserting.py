"""The quick answer to a few changes: everything stays, what is new goes to its cheapest place. No search."""

from collections.abc import Collection

from services.routing.domain.plan import Plan
from services.routing.domain.problem import Problem
from services.routing.domain.schedule import Scheduler
from services.routing.solver.draft import Draft
from services.routing.solver.effort import Effort, Meter
from services.routing.solver.planner import Result, conclude, orders_of
from shared.events.ids import VisitId


def insert(problem: Problem, previous: Plan, changed_visits: Collection[VisitId]) -> Result:
    """Bring a plan up to date in milliseconds.

    What was left out before stays so, with the reason it had, unless something has left a route and made room.

    Args:
        problem: the day as it is now.
        previous: the plan in force.
        changed_visits: those that are new or that changed in place, windows or needs.

    Raises:
        PlanError: the result failed its check.
    """
    meter = Meter(Effort(rounds=0))
    before = orders_of(previous)
    orders = {
        shift_id: tuple(visit_id for visit_id in order if visit_id not in changed_visits)
        for shift_id, order in before.items()
    }
    draft = Draft(Scheduler(problem), orders)
    settled = {left.visit_id: left for left in previous.unassigned if left.visit_id not in changed_visits}
    has_more_room = any(
        visit_id not in problem.visit or visit_id in changed_visits for order in before.values() for visit_id in order
    )
    draft.fit(() if has_more_room else settled)
    return conclude(draft, meter, {} if has_more_room else settled)
