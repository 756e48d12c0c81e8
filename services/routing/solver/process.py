"""The planner's process: a solve holds the interpreter for as long as it searches, so it has one of its own."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import numpy as np

from services.routing.domain.problem import Problem, Travel
from services.routing.solver.effort import Effort
from services.routing.solver.planner import Result
from services.routing.solver.worker import Job, obey_parent, solve_job
from shared.errors import RoundsError

NOTHING = Job(Problem((), (), Travel(np.zeros((0, 0), np.int32), np.zeros((0, 0), np.int32))), Effort(0), 0)


async def insert(job: Job) -> Result:
    """Do a quick job here and now.

    Raises:
        PlanError: the result failed its check.
    """
    return solve_job(job)


class SolverDiedError(RoundsError):
    """The planner's process ended in mid-work: killed, out of memory, or crashed."""


class SolverProcess:
    """One process that solves one job at a time; a new one takes its place if it dies."""

    def __init__(self) -> None:
        self._context = get_context("spawn")
        self._halt = self._context.Event()
        self._pool = self._new_pool()
        self._warm: asyncio.Future[Result] | None = None

    async def open(self) -> None:
        """Start the process, without waiting for it: it loads OR-Tools meanwhile."""
        self._warm = asyncio.get_running_loop().run_in_executor(self._pool, solve_job, NOTHING)

    async def solve(self, job: Job) -> Result:
        """Do a job; if the caller is cancelled, the search stops soon and its result is lost.

        Raises:
            SolverDiedError: the process died over it; the next job gets a new one.
            PlanError: the result failed its check.
        """
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, solve_job, job)
        except asyncio.CancelledError:
            self._halt.set()
            raise
        except BrokenProcessPool as error:
            self._pool = self._new_pool()
            raise SolverDiedError("The planner's process ended in mid-work. Is there enough memory?") from error

    async def close(self) -> None:
        """End the process, whatever it is at."""
        if self._warm is not None:
            self._warm.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 - a running solve has no other end
            process.terminate()

    def _new_pool(self) -> ProcessPoolExecutor:
        # One process: a second routing model in the same process may crash OR-Tools.
        return ProcessPoolExecutor(1, mp_context=self._context, initializer=obey_parent, initargs=(self._halt,))
