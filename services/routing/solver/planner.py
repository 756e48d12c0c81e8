"""The planner's port: a problem in, a plan with its reasons out, verified."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from services.routing.domain.check import check
from services.routing.domain.explain import explain
from services.routing.domain.plan import Plan, Unassigned
from services.routing.domain.problem import Problem
from services.routing.domain.schedule import Scheduler
from services.routing.solver.draft import Draft
from services.routing.solver.effort import Effort, Meter
from services.routing.solver.search import improve
from shared.errors import RoundsError
from shared.events.ids import ShiftId, VisitId


class PlanError(RoundsError):
    """The planner made a plan that breaks a rule: a fault in the planner, never the caller's. The plan is withheld."""


@dataclass(frozen=True, slots=True)
class Result:
    """A plan and how it came about.

    Attributes:
        plan: valid; the same for the same problem, effort, seed and start, unless ``capped``.
        rounds: the effort it took.
        capped: the wall clock stopped the search before the effort was spent.
        seconds: wall-clock time it took.
        gain: cents by which the search made the plan cheaper that it started from.
    """

    plan: Plan
    rounds: int
    capped: bool
    seconds: float
    gain: int = 0


def plan(problem: Problem, effort: Effort, seed: int, start: Plan | None = None) -> Result:
    """Plan a day.

    Args:
        problem: the day.
        effort: when to stop searching.
        seed: chooses among searches; each is repeatable.
        start: an earlier plan; its visits keep nurse and order to begin with, as far as they still can.

    Raises:
        PlanError: the result failed its check.
    """
    meter = Meter(effort)
    draft = Draft(Scheduler(problem), orders_of(start))
    draft.fit()
    at_first = draft.price.total
    improve(draft, meter, Random(seed))  # noqa: S311 - a search, not a secret
    result = finish(draft, meter)
    return replace(result, gain=at_first - result.plan.price.total)


def orders_of(start: Plan | None) -> Mapping[ShiftId, tuple[VisitId, ...]]:
    """Return each shift's visits in a plan, in order, what had begun included: the draft drops what has begun since."""
    if start is None:
        return {}
    return {
        route.shift_id: tuple(stop.visit_id for stop in route.stops if stop.visit_id is not None)
        for route in start.routes
    }


def finish(draft: Draft, meter: Meter) -> Result:
    """Insert what still fits, explain what does not, verify it all.

    Raises:
        PlanError: a rule is broken.
    """
    draft.fit()
    return conclude(draft, meter, {})


def conclude(draft: Draft, meter: Meter, known: Mapping[VisitId, Unassigned]) -> Result:
    """Explain what is left out, verify it all.

    Args:
        draft: as it is to be.
        meter: the effort it took.
        known: visits left out for a reason that still holds.

    Raises:
        PlanError: a rule is broken.
    """
    problem = draft.scheduler.problem
    unassigned = tuple(
        known.get(visit_id) or explain(draft.scheduler, draft.routes, problem.visit[visit_id])
        for visit_id in draft.left_out
    )
    made = Plan(tuple(draft.routes[shift.id] for shift in problem.shifts), unassigned, draft.price)
    violations = check(problem, made)
    if violations:
        message = "The plan breaks its rules: " + " ".join(violation.sentence for violation in violations)
        raise PlanError(message)
    return Result(made, meter.rounds, meter.capped, meter.seconds)
