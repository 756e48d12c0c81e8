"""The planner's entry point in a process of its own: OR-Tools holds the interpreter for as long as it searches."""

import os
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.synchronize import Event
from threading import Thread

from services.routing.domain.plan import Plan
from services.routing.domain.problem import Problem
from services.routing.solver.effort import HALT, Effort
from services.routing.solver.inserting import insert
from services.routing.solver.planner import Result, plan
from services.routing.solver.replanning import replan
from shared.events.ids import VisitId


@dataclass(frozen=True, eq=False)
class Job:
    """What to plan.

    Attributes:
        previous: the plan in force, if there is one.
        changed_visits: what changed since; None: plan the whole day, from the previous plan on if there is one.
        search: look for better routes around what changed; if not, only insert it: that takes milliseconds.
    """

    problem: Problem
    effort: Effort
    seed: int
    previous: Plan | None = None
    changed_visits: frozenset[VisitId] | None = None
    search: bool = True

    @property
    def quick(self) -> bool:
        """Whether it takes no longer than a handler may."""
        return self.previous is not None and self.changed_visits is not None and not self.search


def solve_job(job: Job) -> Result:
    """Do a job; both it and the result can be pickled.

    Raises:
        PlanError: the result failed its check.
    """
    HALT.clear()
    if job.previous is None or job.changed_visits is None:
        return plan(job.problem, job.effort, job.seed, job.previous)
    if not job.search:
        return insert(job.problem, job.previous, job.changed_visits)
    return replan(job.problem, job.previous, job.changed_visits, job.effort, job.seed)


def end_with_parent() -> None:
    """Leave as soon as the process that started this one is gone: a pool's workers outlive a parent that was killed."""
    Thread(target=_await_parents_end, daemon=True, name="end with parent").start()


def obey_parent(halt: Event) -> None:
    """Leave with the parent, and stop a search when it says so."""
    end_with_parent()
    Thread(target=_await_halt, args=(halt,), daemon=True, name="halt").start()


def _await_halt(halt: Event) -> None:
    while halt.wait():
        HALT.set()
        halt.clear()


def _await_parents_end() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
