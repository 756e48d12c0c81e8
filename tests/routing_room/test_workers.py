"""Several workers on one database: each day has one; a lost day is finished by another; a late result is refused."""

import asyncio
import datetime as dt

from structlog.testing import capture_logs

from services.routing.jobs import PlanJobs
from services.routing.store import queries, requests
from services.routing.store.models import PlanRequestRow
from shared.events.routing import PlanCommitted
from shared.events.values import TimeWindow
from tests.routing_room.facts import DAY, MAPLE, NEXT_DAY, at, cancelled, located, requested, shift, visit_id
from tests.routing_room.planning import Room, ToldSolver, until

SECOND = dt.timedelta(seconds=1)
TWO_DAYS = (TimeWindow(start=at(8), end=at(16)), TimeWindow(start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)))


def worker(room: Room, *, gated: bool = False) -> tuple[PlanJobs, ToldSolver]:
    """Another process of the room, as far as the database can tell."""
    solver = ToldSolver(gate=asyncio.Event() if gated else None)
    return PlanJobs(room.state, solver, solver), solver


def open_gate(solver: ToldSolver) -> None:
    assert solver.gate is not None
    solver.gate.set()


async def test_a_day_whose_worker_died_is_finished_by_another_and_the_late_result_refused(room: Room) -> None:
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    (first, slow), (second, quick) = worker(room, gated=True), worker(room)
    await first.work()
    await until(lambda: len(slow.jobs) == 1)
    await second.work()
    assert quick.jobs == []
    room.now += dt.timedelta(seconds=room.state.settings.lease_seconds)
    await second.work()
    await second.searched()
    assert (await room.read())["plan_version"] == 1
    said = await room.said()
    with capture_logs() as logs:
        open_gate(slow)
        await first.searched()
    assert [entry["event"] for entry in logs] == ["refused_late_plan"]
    assert await room.said() == said


async def test_a_worker_that_slept_through_its_lease_is_refused_though_nobody_took_over(room: Room) -> None:
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    jobs, solver = worker(room, gated=True)
    await jobs.work()
    await until(lambda: len(solver.jobs) == 1)
    room.now += dt.timedelta(seconds=room.state.settings.lease_seconds)
    open_gate(solver)
    await jobs.searched()
    assert await room.said() == []
    await jobs.work()
    await jobs.searched()
    assert (await room.read())["plan_version"] == 1


async def test_a_lease_is_renewed_for_as_long_as_the_search_takes_and_a_lost_day_is_let_go(room: Room) -> None:
    room.state.settings.lease_seconds = 0.3
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    jobs, solver = worker(room, gated=True)
    await jobs.work()
    await until(lambda: len(solver.jobs) == 1)
    for _ in range(3):
        room.now += 0.2 * SECOND
        due = room.now + 0.3 * SECOND

        async def renewed(due: dt.datetime = due) -> bool:
            request = await room.request()
            return request is not None and request.until == due

        await until(renewed)
    room.now += SECOND
    with capture_logs() as logs:
        await jobs.searched()
    assert [entry["event"] for entry in logs] == ["lost_day"]
    assert await room.said() == []


async def test_two_workers_search_two_days_at_once(room: Room) -> None:
    tomorrow = shift(2, date=NEXT_DAY, start=at(8, NEXT_DAY), end=at(16, NEXT_DAY))
    await room.hear(shift(1), tomorrow)
    room.now += SECOND
    (first, one), (second, two) = worker(room, gated=True), worker(room, gated=True)
    await asyncio.gather(first.work(), second.work())
    await first.work()
    await second.work()
    await until(lambda: len(one.jobs) == len(two.jobs) == 1)
    dates = {job.problem.shifts[0].id for solver in (one, two) for job in solver.jobs}
    assert len(dates) == 2
    for solver in (one, two):
        open_gate(solver)
    await asyncio.gather(first.searched(), second.searched())
    assert ((await room.read())["plan_version"], (await room.read(NEXT_DAY))["plan_version"]) == (1, 1)


async def test_a_visit_and_its_place_that_come_at_the_same_moment_find_each_other(room: Room) -> None:
    await asyncio.gather(*(room.hear(event) for n in range(1, 9) for event in (requested(n), located(n))))
    assert [(await room.visit(number)).planned_date for number in range(1, 9)] == [DAY] * 8
    assert await room.wanted() == 8


async def test_who_hears_of_a_visit_while_its_plan_is_saved_does_not_wait_for_the_plan(room: Room) -> None:
    """Both hold the visit before its day. If the plan held the day first, each would have what the other waits for."""
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    with capture_logs() as logs:
        async with room.state.db.transaction() as session:
            await queries.lock_visit(session, visit_id(1))
            planning = asyncio.create_task(room.work())
            await asyncio.sleep(0.5)
            async with asyncio.timeout(0.4):
                await requests.want_plan(session, MAPLE, DAY, room.now)
        await planning
    assert "failed_plan" not in [entry["event"] for entry in logs]
    assert [event.plan_version for event in await room.said() if isinstance(event, PlanCommitted)][:1] == [1]


async def test_the_queue_tells_its_length_and_its_oldest(room: Room) -> None:
    async with room.state.db.reading() as session:
        assert await requests.waiting(session) == requests.Waiting(0, None)
    began = room.now
    await room.hear(shift(1))
    room.now += SECOND
    await room.hear(shift(2, date=NEXT_DAY))
    async with room.state.db.reading() as session:
        assert await requests.waiting(session) == requests.Waiting(2, began)


async def test_a_visit_that_was_carried_to_a_later_day_comes_back_when_its_own_has_room(room: Room) -> None:
    tomorrow = shift(1, date=NEXT_DAY, start=at(8, NEXT_DAY), end=at(16, NEXT_DAY))
    await room.plan(requested(1, windows=TWO_DAYS), located(1), tomorrow)
    assert (await room.visit(1)).planned_date == NEXT_DAY
    await room.plan(shift(2))
    await room.plan()
    assert (await room.visit(1)).planned_date == DAY
    (route,) = (await room.read())["routes"]
    assert [stop["visit_id"] for stop in route["stops"]] == [str(visit_id(1))]
    assert (await room.read(NEXT_DAY))["routes"] == []


async def test_it_comes_back_when_another_visit_is_cancelled_too(room: Room) -> None:
    all_day, tomorrow = dt.timedelta(hours=7), shift(2, date=NEXT_DAY, start=at(8, NEXT_DAY), end=at(16, NEXT_DAY))
    await room.plan(shift(1), tomorrow, requested(1, duration=all_day), located(1))
    await room.plan(requested(2, duration=all_day, windows=TWO_DAYS), located(2))
    await room.plan()
    assert (await room.visit(2)).planned_date == NEXT_DAY
    await room.plan(cancelled(1))
    assert (await room.visit(2)).planned_date == DAY


async def test_an_improvement_that_gains_little_is_not_said(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    said = await room.plan(requested(2), located(2))
    assert len(said) == 2
    room.now += 6 * SECOND
    with capture_logs() as logs:
        await room.work()
    assert [entry["event"] for entry in logs] == ["kept_plan"]
    request = await requests_of(room)
    assert (request.improve_at, request.done) == (None, request.wanted)


async def requests_of(room: Room) -> PlanRequestRow:
    async with room.state.db.reading() as session:
        row = await requests.request(session, MAPLE, DAY)
    assert row is not None
    return row
