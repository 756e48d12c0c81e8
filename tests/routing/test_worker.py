"""The planner in processes of its own, as it runs in the house."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from services.routing.solver.effort import Effort
from services.routing.solver.planner import Result
from services.routing.solver.worker import Job, solve_job
from tests.routing.days import Sizes, random_day


def _in_new_processes(*jobs: Job) -> list[Result]:
    with ProcessPoolExecutor(len(jobs), get_context("spawn")) as processes:
        return list(processes.map(solve_job, jobs))


def test_the_same_job_gives_the_same_plan_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = random_day(Sizes(40, 8, tight=True), 2)
    job = Job(problem, Effort(rounds=6), 7)

    monkeypatch.setenv("PYTHONHASHSEED", "1")
    one = _in_new_processes(job)[0]
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    two, other_seed = _in_new_processes(job, Job(problem, Effort(rounds=6), 8))

    assert one.rounds == 6
    assert not one.capped
    assert one.plan == two.plan
    assert one.plan != other_seed.plan


def test_a_job_with_a_plan_in_force_and_changes_is_re_planned() -> None:
    problem = random_day(Sizes(20, 3), 2)
    before = solve_job(Job(problem, Effort(rounds=1), 1)).plan

    small = solve_job(Job(problem, Effort(rounds=5), 1, before, frozenset()))
    whole = solve_job(Job(problem, Effort(rounds=5), 1, before))

    assert (small.plan, small.rounds) == (before, 0)
    assert whole.rounds > 0
    assert whole.plan.price.total <= before.price.total
