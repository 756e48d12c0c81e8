"""Plan jobs: a day whose input changed is leased; a few changes are inserted at once, anything else is searched.

Insertions are done here and now. A search has a process of its own, and insertions into other days go on meanwhile. One
that nobody waits for even gives way to insertions into its own day.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import batched

import structlog

from services.routing.deps import RoutingState
from services.routing.due import due_in, still_in
from services.routing.reading import DayMemory
from services.routing.saving import publish
from services.routing.snapshots import Snapshot, take_snapshot
from services.routing.solver.planner import Result
from services.routing.solver.worker import Job
from services.routing.store import requests
from services.routing.store.models import PlanRequestRow
from services.routing.store.requests import Leased
from shared.bus.waiting import wait_any
from shared.db.lease import new_holder
from shared.db.patience import Patience
from shared.db.transient import is_transient
from shared.errors import RoundsError
from shared.observability.tracing import begins_trace

IDLE_SECONDS = 1.0
RETRY_CAP = 30.0
IMPROVE_AGAIN_SECONDS = 30.0
DAYS_AT_ONCE = 4
"""Most of what an insertion takes is waiting for the database, so several days are planned beside each other."""
REMEMBERED_DAYS = 64
RENEWALS = 3
"""Times a lease is renewed within its length."""

type _Key = tuple[str, dt.date]
type Solve = Callable[[Job], Awaitable[Result]]

log = structlog.get_logger()


class PlanJobs:
    """Plans days for as long as the room runs: one search at a time, and insertions beside it.

    Args:
        state: the room's parts.
        search: the planner, in a process of its own.
        insert: the planner as far as it takes milliseconds, in this one.
    """

    def __init__(self, state: RoutingState, search: Solve, insert: Solve) -> None:
        self._state = state
        self._settings = state.settings
        self._search = search
        self._insert = insert
        self._holder = new_holder()
        self._memories: OrderedDict[_Key, DayMemory] = OrderedDict()
        self._searching: asyncio.Task[None] | None = None
        self._searched: Leased | None = None
        """What is, or was last, searched."""
        self._queued: set[_Key] = set()
        """Days that need a search when the one under way has ended."""
        self._again: dict[_Key, tuple[dt.datetime, int | None]] = {}
        """When a day that is not ready for a search is looked at again; or one whose solve failed, unless its input has
        another version by then."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; a search that is under way is broken off, and its day given back."""
        commits = self._state.db.commits()
        patience = Patience("planning")
        try:
            while not stop.is_set():
                commits.clear()
                try:
                    pause = await self.work()
                except Exception as error:  # noqa: BLE001 - what does not pass by itself is raised again
                    await wait_any(patience.pause_after(error), stop)
                    continue
                patience.worked()
                await wait_any(pause, stop, commits)
        finally:
            await self._break_off()

    async def work(self) -> float:
        """Plan the days that are due; return how long to wait before looking again."""
        pause = IDLE_SECONDS
        async with self._state.db.reading() as session:
            waiting = await requests.open_requests(session, self._state.clock(), self._holder)
        due_now: list[PlanRequestRow] = []
        for request in waiting:
            now = self._state.clock()
            due = max(due_in(request, now, self._settings), self._not_before(request, now))
            if due > 0:
                pause = min(pause, due)
            elif not (self._is_searching and self._has_to_wait(request)):
                due_now.append(request)
        for days in batched(due_now, DAYS_AT_ONCE):
            for planned in await asyncio.gather(*map(self._plan, days), return_exceptions=True):
                if isinstance(planned, BaseException):
                    raise planned
                pause = 0.0 if planned else pause
        return pause

    async def searched(self) -> None:
        """Wait until no search is under way."""
        if self._searching is not None:
            await asyncio.wait({self._searching})

    @property
    def _is_searching(self) -> bool:
        return self._searching is not None and not self._searching.done()

    def _has_to_wait(self, request: PlanRequestRow) -> bool:
        """Tell whether nothing can be done about a day during the search under way: it is its own, or in front."""
        key, searched = (request.area_id, request.date), self._searched
        is_its_own = searched is not None and not searched.improving and key == (searched.area_id, searched.date)
        return is_its_own or request.wanted == request.done or key in self._queued

    def _not_before(self, request: PlanRequestRow, now: dt.datetime) -> float:
        at, wanted = self._again.get((request.area_id, request.date), (now, None))
        return (at - now).total_seconds() if wanted in {None, request.wanted} else 0

    async def _plan(self, request: PlanRequestRow) -> bool:
        """Lease a day and do what is to be done about it; tell whether anything was."""
        leased = await self._lease(request)
        if leased is None:
            return False
        self._again.pop((leased.area_id, leased.date), None)
        searched = self._searched
        if searched is not None and (searched.area_id, searched.date) == (leased.area_id, leased.date):
            await self._break_off()  # its token is not the newest any more
        try:
            return await self._begin(leased, request)
        except Exception as error:
            # Whatever went wrong with one day must not stop the others; the day says so and is tried again.
            log.exception("failed_plan", **_where(leased))
            await self._give_back(leased, error)
            return True

    async def _lease(self, request: PlanRequestRow) -> Leased | None:
        now = self._state.clock()
        async with self._state.db.transaction(quiet=True) as session:
            return await requests.lease(session, request, self._holder, now, self._until(now))

    def _until(self, now: dt.datetime) -> dt.datetime:
        return now + dt.timedelta(seconds=self._settings.lease_seconds)

    @begins_trace("routing plans day", rounds_room="routing")
    async def _begin(self, leased: Leased, request: PlanRequestRow) -> bool:
        began = self._state.clock()
        memory = self._memory(leased)
        snapshot = await take_snapshot(self._state, leased, memory)
        if snapshot.job.quick:
            await publish(self._state, leased, snapshot, memory, await self._insert(snapshot.job), began)
            return True
        wait = 0.0 if leased.improving else still_in(request, began, self._settings)
        while wait <= 0 and self._is_searching:
            if self._searched is not None and self._searched.improving:
                await self._break_off()  # another day may begin its search meanwhile, so this is asked again
            else:
                self._queued.add((leased.area_id, leased.date))
                await self._give_back(leased)
                return False
        if wait > 0:
            await self._give_back(leased)
            self._again[leased.area_id, leased.date] = self._state.clock() + dt.timedelta(seconds=wait), None
            return False
        self._searched = leased
        self._queued.clear()
        self._searching = asyncio.create_task(self._search_day(leased, snapshot, memory, began))
        return True

    def _memory(self, leased: Leased) -> DayMemory:
        """Return what is remembered of a day; the days that were planned longest ago are forgotten."""
        key = (leased.area_id, leased.date)
        memory = self._memories.setdefault(key, DayMemory())
        self._memories.move_to_end(key)
        if len(self._memories) > REMEMBERED_DAYS:
            self._memories.popitem(last=False)
        return memory

    @begins_trace("routing searches day", rounds_room="routing")
    async def _search_day(self, leased: Leased, snapshot: Snapshot, memory: DayMemory, began: dt.datetime) -> None:
        try:
            result = await self._solve(leased, snapshot.job)
            if result is None:
                log.warning("lost_day", **_where(leased))
                return
            await publish(self._state, leased, snapshot, memory, result, began)
        except asyncio.CancelledError:
            await self._try_to_give_back(leased, None)
            raise
        except Exception as error:
            log.exception("failed_plan", **_where(leased))
            await self._try_to_give_back(leased, error)

    async def _try_to_give_back(self, leased: Leased, error: Exception | None) -> None:
        try:
            await self._give_back(leased, error)
        except Exception as unable:
            if not is_transient(unable):
                raise
            log.warning("left_lease", reason=type(unable).__name__, **_where(leased))  # it runs out by itself

    async def _solve(self, leased: Leased, job: Job) -> Result | None:
        """Search, holding the day meanwhile; None: it went to another worker, or something new was inserted."""
        solving = asyncio.ensure_future(self._search(job))
        try:
            while True:
                await asyncio.wait({solving}, timeout=self._settings.lease_seconds / RENEWALS)
                if solving.done():
                    return solving.result()
                now = self._state.clock()
                async with self._state.db.transaction(quiet=True) as session:
                    if not await requests.renew(session, leased, now, self._until(now)):
                        return None
        finally:
            solving.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await solving

    async def _break_off(self) -> None:
        if self._searching is not None and not self._searching.done():
            self._searching.cancel()
            with suppress(asyncio.CancelledError):
                await self._searching

    async def _give_back(self, leased: Leased, error: Exception | None = None) -> None:
        """End the lease without a plan. A failure that passes by itself does not count: it is tried until it has."""
        now = self._state.clock()
        async with self._state.db.transaction() as session:
            request = await requests.held(session, leased, now)
            if request is None:
                return
            if leased.improving:
                request.improve_at = now + dt.timedelta(seconds=IMPROVE_AGAIN_SECONDS)
                return
            request.holder = request.until = None
            if error is None:
                return
            request.failure = _sentence(error)
            request.failures += not is_transient(error)
            pause = min(RETRY_CAP, 2.0 ** max(1, request.failures))
        self._again[leased.area_id, leased.date] = now + dt.timedelta(seconds=pause), request.wanted


def _where(leased: Leased) -> dict[str, object]:
    return {"area_id": leased.area_id, "date": leased.date.isoformat(), "input_version": leased.version}


def _sentence(error: Exception) -> str:
    """Return what may be shown: the house's own sentences, and no more than the kind of anything else."""
    return (
        str(error) if isinstance(error, RoundsError) else f"The planner failed ({type(error).__name__}); see the log."
    )
