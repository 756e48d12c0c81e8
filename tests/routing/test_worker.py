"""The planner in processes of its own, as it runs in the house."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest

from services.routing.solver.effort import Effort
from services.routing.solver.planner import Result
from services.routing.solver.worker import Job, solve_job
from tests.routing.days import Sizes, random_day


def _in_new_processes(*jobs: Job) -> list[Result]:
    with ProcessPoolExecutor(len(jobs), get_context("spawn")) as processes:
        return list(processes.map(solve_job, jobs))


PARENT = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from services.routing.solver.worker import end_with_parent

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(600)
"""


def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environment) as parent:  # noqa: S603 - ours
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()

    worker.wait(timeout=30)


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
