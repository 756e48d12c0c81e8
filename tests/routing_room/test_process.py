"""The solver's process: it works beside the room, dies without taking the room along, and ends with it."""

import asyncio

import psutil
import pytest

from services.routing.solver.effort import Effort
from services.routing.solver.process import SolverDiedError, SolverProcess
from services.routing.solver.worker import Job, solve_job
from tests.routing.days import Sizes, random_day

SEARCHED_SECONDS = 0.5
"""CPU by which a process that had loaded its libraries is searching."""


def workers() -> list[psutil.Process]:
    """The processes that solve for this one."""
    return [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]


async def test_a_process_that_dies_is_told_and_replaced_and_the_last_one_ends_with_the_room() -> None:
    job = Job(random_day(Sizes(6, 2), 1), Effort(0), 1)
    solver = SolverProcess()
    await solver.open()
    assert (await solver.solve(job)).plan == solve_job(job).plan
    (worker,) = workers()
    endless = Job(random_day(Sizes(60, 6), 1), Effort(100_000), 1)
    solving = asyncio.ensure_future(solver.solve(endless))
    worker.kill()
    with pytest.raises(SolverDiedError, match="Is there enough memory"):
        await solving
    assert (await solver.solve(job)).plan == solve_job(job).plan
    (worker,) = workers()
    await solver.close()
    worker.wait(timeout=30)


async def test_a_search_that_nobody_wants_any_more_stops() -> None:
    job = Job(random_day(Sizes(6, 2), 1), Effort(0), 1)
    solver = SolverProcess()
    await solver.solve(job)
    (worker,) = workers()
    before = worker.cpu_times().user
    endless = Job(random_day(Sizes(200, 15), 1), Effort(100_000), 1)
    solving = asyncio.ensure_future(solver.solve(endless))
    while worker.cpu_times().user < before + SEARCHED_SECONDS:
        assert not solving.done()
        await asyncio.sleep(0.02)
    solving.cancel()
    async with asyncio.timeout(60):
        assert (await solver.solve(job)).plan == solve_job(job).plan
    await solver.close()
    worker.wait(timeout=30)
