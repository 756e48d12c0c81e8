"""Plan jobs: a day whose input changed is leased, solved in a process of its own, and saved with what is said of it."""

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from services.routing.announcing import Wording, changed, draw, say, unassigned_of
from services.routing.composing import Day, compose, plan_in_force, read_day
from services.routing.deps import RoutingState
from services.routing.domain.calendar import next_planning_date
from services.routing.domain.problem import Problem
from services.routing.handlers import WINDOWS
from services.routing.solver.effort import Effort
from services.routing.solver.planner import Result
from services.routing.solver.worker import Job
from services.routing.store import plans, queries
from services.routing.store.causes import planned_causes
from services.routing.store.models import PlanRequestRow, PlanRow, VisitRow
from services.routing.travel.port import TravelMatrix
from shared.bus.waiting import wait_any
from shared.db.lease import new_holder
from shared.db.patience import Patience
from shared.db.transient import is_transient
from shared.errors import RoundsError, TransientError
from shared.events.ids import AreaId, ShiftId, VisitId
from shared.events.routing import PlanCommitted, Route
from shared.observability.metrics import SOLVE_SECONDS
from shared.observability.tracing import begins_trace

IDLE_SECONDS = 1.0
RETRY_CAP = 30.0
FEW_VISITS = 10
FEW_SHARE = 8
"""Up to ten changed visits, or one in eight, are worked into the plan there is; more and the day is searched anew."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Leased:
    """A day this worker holds, with the version of the input it will answer."""

    area_id: AreaId
    date: dt.date
    version: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a solve starts from.

    Attributes:
        plan_version: of the plan in force; 0: there is none.
        late: visits that could also be done on a later day.
        job: for the planner.
    """

    day: Day
    problem: Problem
    matrix: TravelMatrix
    plan_version: int
    routes: dict[ShiftId, Route]
    late: dict[VisitId, dt.date]
    job: Job


@dataclass(frozen=True, slots=True)
class Made:
    """What a solve made, ready to be saved.

    Attributes:
        routes: every route there is, by shift.
        new: the shifts whose route is new or changed.
        carried: visits that go into another day's plan instead.
        answers: see ``PlanRow``.
    """

    committed: PlanCommitted
    routes: dict[ShiftId, Route]
    new: list[ShiftId]
    carried: dict[VisitId, dt.date]
    answers: Mapping[str, str]


class PlanJobs:
    """Plans days, one at a time, for as long as the room runs.

    Args:
        state: the room's parts.
        solve: the planner, in a process of its own.
    """

    def __init__(self, state: RoutingState, solve: Callable[[Job], Awaitable[Result]]) -> None:
        self._state = state
        self._settings = state.settings
        self._solve = solve
        self._holder = new_holder()
        self._again: dict[tuple[str, dt.date], float] = {}
        """When a day whose solve failed may be tried again, on the loop's clock."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; a solve that is under way is broken off, and its day given back."""
        commits = self._state.db.commits()
        patience = Patience("planning")
        while not stop.is_set():
            commits.clear()
            try:
                pause = await self._work(stop)
            except Exception as error:  # noqa: BLE001 - what does not pass by itself is raised again
                await wait_any(patience.pause_after(error), stop)
                continue
            patience.worked()
            await wait_any(pause, stop, commits)

    async def _work(self, stop: asyncio.Event) -> float:
        """Plan the first day that is due; return how long to wait before looking again."""
        pause = IDLE_SECONDS
        async with self._state.db.reading() as session:
            waiting = await queries.waiting_requests(session, self._state.clock(), self._holder)
        for request in waiting:
            due_in = self._due_in(request)
            if due_in > 0:
                pause = min(pause, due_in)
                continue
            await self._plan(request, stop)
            return 0
        return pause

    def _due_in(self, request: PlanRequestRow) -> float:
        """Return the seconds until a day should be planned: when its input is still, or has waited long enough."""
        now = self._state.clock()
        if request.failures >= self._settings.attempts:
            return IDLE_SECONDS
        again = self._again.get((request.area_id, request.date), 0) - asyncio.get_running_loop().time()
        if not request.failure:
            again = 0  # the input has changed since
        many = request.wanted - request.done > FEW_VISITS
        quiet = self._settings.burst_quiet_seconds if many else self._settings.quiet_seconds
        still = quiet - (now - request.last_at).total_seconds()
        patience = self._settings.patience_seconds - (now - request.first_at).total_seconds()
        return max(again, min(still, patience))

    async def _plan(self, request: PlanRequestRow, stop: asyncio.Event) -> None:
        leased = await self._lease(request)
        if leased is None:
            return
        where = {"area_id": leased.area_id, "date": leased.date.isoformat(), "input_version": leased.version}
        began = time.monotonic()
        try:
            planned = asyncio.ensure_future(self._solve_and_save(leased, began))
            halted = asyncio.ensure_future(stop.wait())
            await asyncio.wait({planned, halted}, return_when=asyncio.FIRST_COMPLETED)
            halted.cancel()
            if not planned.done():
                planned.cancel()
                with suppress(asyncio.CancelledError):
                    await planned
                await self._give_back(leased)
                return
            planned.result()
            self._again.pop((leased.area_id, leased.date), None)
        except Exception as error:
            # Whatever went wrong with one day must not stop the others; the day says so and is tried again.
            log.exception("failed_plan", **where)
            await self._give_back(leased, error)

    async def _lease(self, request: PlanRequestRow) -> Leased | None:
        until = self._state.clock() + dt.timedelta(seconds=self._settings.lease_seconds)
        async with self._state.db.transaction() as session:
            version = await queries.lease(session, request, self._holder, until)
        return None if version is None else Leased(AreaId(request.area_id), request.date, version)

    @begins_trace("routing plans day", rounds_room="routing")
    async def _solve_and_save(self, leased: Leased, began: float) -> None:
        snapshot = await self._snapshot(leased)
        result = await self._solve(snapshot.job)
        wording = Wording(snapshot.day, snapshot.problem, snapshot.matrix)
        routes = wording.routes(result.plan)
        new = changed(routes, snapshot.routes)
        drawn = await draw(routes, new, lambda route: self._state.travel.geometry(leased.area_id, wording.sites(route)))
        carried = {
            entry.visit_id: snapshot.late[entry.visit_id]
            for entry in result.plan.unassigned
            if entry.visit_id in snapshot.late
        }
        stays = {**snapshot.routes, **drawn}
        committed = PlanCommitted(
            aggregate_version=0,
            area_id=leased.area_id,
            date=leased.date,
            plan_version=snapshot.plan_version + 1,
            routes=(),
            unassigned=tuple(entry for entry in unassigned_of(result.plan) if entry.visit_id not in carried),
            price_cents=result.plan.price.by_rule(),
            drive=sum((route.drive for route in routes.values()), dt.timedelta()),
            travel_estimated=any(route.travel_estimated for route in routes.values()),
            seconds=round(time.monotonic() - began, 3),
        )
        made = Made(committed, {shift_id: stays[shift_id] for shift_id in routes}, new, carried, snapshot.day.versions)
        await self._save(leased, made)

    async def _snapshot(self, leased: Leased) -> Snapshot:
        area = self._state.areas().get(leased.area_id)
        if area is None:
            raise TransientError(f"Area {leased.area_id} is not built here. Build it with `rounds area build`.")
        async with self._state.db.reading() as session:
            known = await queries.day_input(session, leased.area_id, leased.date)
            request = await queries.request(session, leased.area_id, leased.date)
            plan = await plans.plan(session, leased.area_id, leased.date)
            rows = await plans.routes(session, leased.area_id, leased.date)
        routes = {ShiftId(row.shift_id): Route.model_validate(row.body) for row in rows}
        day = read_day(known, routes.values())
        matrix = await self._state.travel.matrix(leased.area_id, day.sites)
        late = {
            VisitId(row.visit_id): later
            for row, _ in known.visits
            if (later := next_planning_date(WINDOWS.validate_python(row.body["windows"]), area, leased.date))
        }
        problem = compose(day, matrix, routes, self._state.clock())
        thorough = request is not None and request.thorough
        job = self._job(day, problem, plan, routes, thorough=thorough)
        return Snapshot(day, problem, matrix, plan.plan_version if plan else 0, routes, late, job)

    def _job(
        self, day: Day, problem: Problem, plan: PlanRow | None, routes: dict[ShiftId, Route], *, thorough: bool
    ) -> Job:
        """Decide how much of the day is searched: what changed where that is little, else all of it."""
        rounds = self._settings.thorough_rounds if thorough else self._settings.rounds
        effort = Effort(rounds, self._settings.cap_seconds)
        if plan is None:
            return Job(problem, effort, self._settings.seed)
        previous = plan_in_force(routes.values(), PlanCommitted.model_validate(plan.body))
        differing = {name for name, version in day.versions.items() if plan.answers.get(name) != version}
        changed_visits = frozenset(visit.id for visit in problem.visits if str(visit.id) in differing)
        shifts_differ = any(str(shift.id) in differing for shift in problem.shifts)
        much = len(changed_visits) > max(FEW_VISITS, len(problem.visits) // FEW_SHARE)
        if thorough or shifts_differ or much:
            return Job(problem, effort, self._settings.seed, previous)
        return Job(problem, effort, self._settings.seed, previous, changed_visits)

    async def _save(self, leased: Leased, made: Made) -> None:
        async with self._state.db.transaction() as session:
            request = await queries.held(session, leased.area_id, leased.date, self._holder)
            if request is None:
                log.warning("refused_late_plan", area_id=leased.area_id, date=leased.date.isoformat())
                return
            request.done, request.holder, request.until = leased.version, None, None
            request.failures, request.failure = 0, None
            request.first_at = request.last_at
            request.thorough &= request.wanted > leased.version
            now = self._state.clock()
            began = now - dt.timedelta(seconds=made.committed.seconds)
            causes = await planned_causes(session, [made.routes[shift] for shift in made.new], began, now)
            await say(session, made.committed, made.routes, made.new, made.answers, causes)
            for visit_id, date in made.carried.items():
                visit = await session.get(VisitRow, visit_id)
                if visit is not None and visit.planned_date == leased.date:
                    visit.planned_date = date
                    await queries.want_plan(session, leased.area_id, date, self._state.clock())
        SOLVE_SECONDS.labels(leased.area_id).observe(made.committed.seconds)
        log.info(
            "saved_plan",
            area_id=leased.area_id,
            date=leased.date.isoformat(),
            plan_version=made.committed.plan_version,
            routes=len(made.routes),
            changed=len(made.new),
            unassigned=len(made.committed.unassigned),
            seconds=made.committed.seconds,
        )

    async def _give_back(self, leased: Leased, error: Exception | None = None) -> None:
        """End the lease without a plan. A failure that passes by itself does not count: it is tried until it has."""
        async with self._state.db.transaction() as session:
            request = await queries.held(session, leased.area_id, leased.date, self._holder)
            if request is None:
                return
            request.holder = request.until = None
            if error is not None:
                request.failure = _sentence(error)
                request.failures += not is_transient(error)
                pause = min(RETRY_CAP, 2.0 ** max(1, request.failures))
                self._again[leased.area_id, leased.date] = asyncio.get_running_loop().time() + pause


def _sentence(error: Exception) -> str:
    """Return what may be shown: the house's own sentences, and no more than the kind of anything else."""
    return (
        str(error) if isinstance(error, RoundsError) else f"The planner failed ({type(error).__name__}); see the log."
    )
