"""What a plan starts from: a day as of one moment, and how much of it is to be planned anew."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from services.routing.composing import compose, plan_in_force
from services.routing.deps import RoutingState
from services.routing.domain.calendar import next_planning_date
from services.routing.domain.plan import Reason
from services.routing.domain.problem import Problem
from services.routing.reading import Day, DayMemory
from services.routing.settings import RoutingSettings
from services.routing.solver.effort import Effort
from services.routing.solver.worker import Job
from services.routing.store.requests import Leased
from services.routing.travel.port import TravelMatrix
from shared.areas import Area
from shared.errors import TransientError
from shared.events.ids import VisitId
from shared.events.routing import PlanCommitted

FEW_VISITS = 10
FEW_SHARE = 4
"""Of an import, up to ten changed visits, or one in four, are inserted into the plan; more and the day is searched."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a plan starts from.

    Attributes:
        area: the day's.
        plan_version: of the plan in force; 0: there is none.
        left_out: what the plan in force leaves out.
        job: for the planner.
    """

    area: Area
    date: dt.date
    day: Day
    problem: Problem
    matrix: TravelMatrix
    plan_version: int
    left_out: Mapping[VisitId, Reason]
    job: Job

    def later(self, visit_id: VisitId) -> dt.date | None:
        """Return the next date on which a visit could be done."""
        return next_planning_date(self.day.windows[visit_id], self.area, self.date)


async def take_snapshot(state: RoutingState, leased: Leased, memory: DayMemory) -> Snapshot:
    """Read a day and decide what is to be done about it.

    Raises:
        TransientError: the area is not there.
        ProblemError: the day contradicts itself.
    """
    area = state.areas().get(leased.area_id)
    if area is None:
        raise TransientError(f"Area {leased.area_id} is not built here. Build it with `rounds area build`.")
    async with state.db.reading() as session:
        day = await memory.read(session, leased.area_id, leased.date)
    matrix = await state.travel.matrix(leased.area_id, day.sites)
    problem = compose(day, matrix, state.clock(), memory.travel)
    memory.follow(problem.travel)
    committed = PlanCommitted.model_validate(day.plan.body) if day.plan else None
    left_out = {entry.visit_id: Reason(entry.reason) for entry in committed.unassigned} if committed else {}
    job = _job(leased, day, problem, committed, memory, state.settings)
    return Snapshot(area, leased.date, day, problem, matrix, committed.plan_version if committed else 0, left_out, job)


def _job(
    leased: Leased,
    day: Day,
    problem: Problem,
    committed: PlanCommitted | None,
    memory: DayMemory,
    settings: RoutingSettings,
) -> Job:
    """Decide how much of the day is planned: only what changed is inserted, where that is little, else all is searched.

    A search that nobody waits for begins with what found no place, if there is such a thing.
    """
    effort = Effort(settings.thorough_rounds if leased.thorough else settings.rounds, settings.cap_seconds)
    if committed is None or day.plan is None:
        return Job(problem, effort, settings.seed)
    previous = plan_in_force(day.routes.values(), committed, memory.worded)
    if leased.improving:
        homeless = frozenset(left.visit_id for left in previous.unassigned if left.reason is Reason.NO_ROOM)
        return Job(problem, effort, settings.seed, previous, homeless if leased.cramped else None)
    answers = day.plan.answers
    differing = {name for name, version in day.versions.items() if answers.get(name) != version}
    changed_visits = frozenset(visit.id for visit in problem.visits if str(visit.id) in differing)
    shifts_differ = any(str(shift.id) in differing for shift in problem.shifts)
    inserted = leased.inserted + len(changed_visits)
    much = len(changed_visits) > max(FEW_VISITS, len(problem.visits) // FEW_SHARE)
    mostly_inserted = inserted > max(FEW_VISITS, len(problem.visits) - inserted)
    # What merely heaped up while the worker was busy is inserted too: a search would put it further behind.
    imported = leased.pace > settings.import_pace and (much or mostly_inserted)
    if leased.thorough or shifts_differ or imported:
        return Job(problem, effort, settings.seed, previous)
    return Job(problem, effort, settings.seed, previous, changed_visits, search=False)
