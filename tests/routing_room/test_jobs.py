"""The jobs that plan: a burst is one solve, a late plan is refused, a failure is told and tried again."""

import asyncio
import datetime as dt

import pytest
from structlog.testing import capture_logs

from services.routing.jobs import PlanJobs
from services.routing.solver.planner import PlanError
from services.routing.store import requests
from shared.db.lease import new_holder
from shared.errors import TransientError
from shared.events.routing import PlanCommitted
from shared.events.values import TimeWindow
from tests.routing_room.facts import DAY, MAPLE, NEXT_DAY, NORTH, at, changed, located, requested, shift, visit_id
from tests.routing_room.planning import Room, committed, reasons, routes, until

SECOND = dt.timedelta(seconds=1)


async def lease(room: Room, holder: str) -> requests.Leased | None:
    """Lease the one day that wants a plan, as another worker would."""
    async with room.state.db.transaction() as session:
        row = await requests.request(session, MAPLE, DAY)
        assert row is not None
        until = room.now + dt.timedelta(seconds=room.state.settings.lease_seconds)
        return await requests.lease(session, row, holder, room.now, until)


async def test_a_burst_of_changes_is_one_solve(room: Room) -> None:
    for number in range(1, 6):
        await room.hear(requested(number), located(number))
        room.now += 0.1 * SECOND
        assert 0 < await room.work() <= 0.25
    await room.hear(shift(1))
    room.now += 0.2 * SECOND
    assert 0 < await room.work() <= 0.1
    room.now += 0.1 * SECOND
    await room.work()
    assert [len(job.problem.visits) for job in room.solver.jobs] == [5]
    assert await room.wanted() == 6


async def test_a_single_change_is_inserted_at_once_and_the_day_searched_when_it_is_still(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    await room.hear(requested(2), located(2))
    room.now += 0.03 * SECOND
    await room.work()
    assert [job.search for job in room.solver.jobs] == [True, False]
    assert {stop["visit_id"] for stop in (await room.read())["routes"][0]["stops"]} == {
        str(visit_id(1)),
        str(visit_id(2)),
    }
    room.now += 4.9 * SECOND
    await room.work()
    assert len(room.solver.jobs) == 2
    room.now += 0.1 * SECOND
    await room.work()
    assert [job.search for job in room.solver.jobs] == [True, False, True]
    assert await room.work() == 1


async def test_a_change_during_a_solve_is_answered_by_another(room: Room) -> None:
    room.solver.gate = asyncio.Event()
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    working = asyncio.create_task(room.work())
    await until(lambda: len(room.solver.jobs) == 1)
    await room.hear(requested(2), located(2))
    assert (await room.read())["state"] == "solving"
    room.solver.gate.set()
    await working
    said = await room.plan()
    assert {visit for stops in routes(said).values() for visit in stops} == {visit_id(1), visit_id(2)}
    assert (await room.read())["state"] == "idle"


async def test_another_day_is_planned_while_one_is_searched(room: Room) -> None:
    tomorrow = (TimeWindow(start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)),)
    await room.plan(shift(1, date=NEXT_DAY, start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)))
    room.solver.gate = gate = asyncio.Event()
    await room.hear(shift(2), requested(1), located(1))
    room.now += SECOND
    assert await room.jobs.work() == 0
    await until(lambda: len(room.solver.jobs) == 2)
    room.solver.gate = None
    await room.hear(requested(2, windows=tomorrow), located(2))
    room.now += SECOND
    assert await room.jobs.work() == 0
    assert ((await room.read())["plan_version"], (await room.read(NEXT_DAY))["plan_version"]) == (0, 2)
    gate.set()
    await room.work()
    assert (await room.read())["plan_version"] == 1


async def test_a_search_that_nobody_waits_for_gives_way_to_what_is_new(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    await room.plan(requested(2), located(2))
    room.solver.gate = gate = asyncio.Event()
    room.now += 5 * SECOND
    assert await room.jobs.work() == 0
    await until(lambda: len(room.solver.jobs) == 3)
    room.solver.gate = None
    await room.hear(requested(3), located(3))
    room.now += SECOND
    assert await room.jobs.work() == 0
    assert (await room.read())["plan_version"] == 3
    gate.set()
    await room.jobs.searched()
    assert (await room.read())["plan_version"] == 3
    room.now += 5 * SECOND
    await room.work()
    assert len(room.solver.jobs[-1].problem.visits) == 3


async def test_only_what_changed_is_searched_where_that_is_little(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    await room.plan(requested(2), located(2))
    await room.plan(shift(2, NORTH))
    await room.client.post(f"/v1/plans/maple/{DAY}/replan")
    await room.plan()
    assert [job.changed_visits for job in room.solver.jobs] == [None, {visit_id(2)}, None, None]
    assert [job.previous is None for job in room.solver.jobs] == [True, False, False, False]


async def test_many_changed_visits_have_the_day_searched_anew(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    await room.plan(*(event for number in range(2, 13) for event in (requested(number), located(number))))
    assert room.solver.jobs[-1].changed_visits is None


async def test_a_plan_that_comes_after_its_lease_was_lost_is_refused(room: Room) -> None:
    room.solver.gate = asyncio.Event()
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    working = asyncio.create_task(room.work())
    await until(lambda: len(room.solver.jobs) == 1)
    room.now += dt.timedelta(seconds=room.state.settings.lease_seconds + 1)
    other = new_holder()
    taken = await lease(room, other)
    assert taken is not None
    with capture_logs() as logs:
        room.solver.gate.set()
        await working
    assert "refused_late_plan" in [entry["event"] for entry in logs]
    assert await room.said() == []
    held = await room.request()
    assert held is not None
    assert held.holder == other


async def test_of_two_workers_one_gets_a_day(room: Room) -> None:
    await room.hear(shift(1))
    first, second = await lease(room, new_holder()), await lease(room, new_holder())
    assert (first is None, second) == (False, None)


async def test_a_lease_that_was_lost_and_taken_again_by_the_same_worker_has_another_token(room: Room) -> None:
    await room.hear(shift(1))
    holder = new_holder()
    first = await lease(room, holder)
    room.now += dt.timedelta(seconds=room.state.settings.lease_seconds + 1)
    second = await lease(room, holder)
    assert first is not None
    assert second is not None
    async with room.state.db.transaction() as session:
        assert await requests.held(session, first, room.now) is None
        assert await requests.held(session, second, room.now) is not None


async def test_a_worker_that_slept_past_its_lease_may_neither_renew_it_nor_save(room: Room) -> None:
    await room.hear(shift(1))
    taken = await lease(room, new_holder())
    assert taken is not None
    room.now += dt.timedelta(seconds=room.state.settings.lease_seconds - 1)
    async with room.state.db.transaction() as session:
        assert await requests.renew(session, taken, room.now, room.now + 10 * SECOND)
    room.now += 11 * SECOND
    async with room.state.db.transaction() as session:
        assert not await requests.renew(session, taken, room.now, room.now + 10 * SECOND)
        assert await requests.held(session, taken, room.now) is None


async def test_a_failure_is_told_tried_again_and_forgotten_once_it_works(room: Room) -> None:
    room.solver.failures = [PlanError("The plan breaks its rules: Visit 7 is early.")]
    await room.plan(shift(1), requested(1), located(1))
    failed = await room.read()
    assert (failed["state"], failed["failure"]) == ("waiting", "The plan breaks its rules: Visit 7 is early.")
    assert await room.work() > 0
    assert len(room.solver.jobs) == 1
    room.jobs._again.clear()  # time passes
    await room.work()
    mended = await room.read()
    assert (mended["state"], mended["failure"], mended["plan_version"]) == ("idle", None, 1)


async def test_a_day_that_fails_again_and_again_is_left_alone_until_its_input_changes(room: Room) -> None:
    room.solver.failures = [ValueError("Ada Canary, 12 Main St")] * 5
    await room.plan(shift(1), requested(1), located(1))
    for _ in range(10):
        room.jobs._again.clear()
        await room.work()
    failed = await room.read()
    assert (failed["state"], len(room.solver.jobs)) == ("failed", 5)
    assert failed["failure"] == "The planner failed (ValueError); see the log."
    said = await room.plan(requested(2), located(2))
    assert committed(said).plan_version == 1
    assert (await room.read())["state"] == "idle"


async def test_a_changed_input_is_not_made_to_wait_for_an_older_failure(room: Room) -> None:
    room.solver.failures = [PlanError("No.")]
    await room.plan(shift(1), requested(1), located(1))
    assert committed(await room.plan(requested(2), located(2))).plan_version == 1


async def test_what_is_away_for_a_while_is_tried_until_it_is_back(room: Room) -> None:
    room.solver.failures = [TransientError("The road graph is away.") for _ in range(8)]
    await room.plan(shift(1), requested(1), located(1))
    assert (await room.read())["failure"] == "The road graph is away."
    for _ in range(8):
        assert (await room.read())["state"] == "waiting"
        room.jobs._again.clear()
        await room.work()
    assert (await room.read())["plan_version"] == 1


async def test_one_days_failure_does_not_hold_up_another(room: Room) -> None:
    room.solver.failures = [PlanError("No.")]
    later = (TimeWindow(start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)),)
    await room.plan(requested(1), located(1), requested(2, windows=later), located(2))
    assert ((await room.read())["plan_version"], (await room.read(NEXT_DAY))["plan_version"]) == (0, 1)


async def test_an_area_that_is_not_there_is_told_and_planned_once_it_is_back(room: Room) -> None:
    await room.hear(shift(1), requested(1), located(1))
    maple = room.areas.pop(MAPLE)
    await room.plan()
    room.areas[MAPLE] = maple
    assert "Build it with `rounds area build`." in (await room.read())["failure"]
    room.jobs._again.clear()
    await room.work()
    assert (await room.read())["plan_version"] == 1


async def test_a_visit_that_could_be_done_on_a_later_day_is_carried_over_there(room: Room) -> None:
    two_days = (TimeWindow(start=at(8), end=at(16)), TimeWindow(start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)))
    tomorrow = shift(1, date=NEXT_DAY, start=at(8, NEXT_DAY), end=at(16, NEXT_DAY))
    said = await room.plan(requested(1, windows=two_days), located(1), tomorrow)
    plans = {event.date: event for event in said if isinstance(event, PlanCommitted)}
    assert plans[DAY].unassigned == ()
    room.now += SECOND
    await room.work()
    assert ((await room.visit(1)).planned_date, (await room.read())["unassigned"]) == (NEXT_DAY, [])
    (route,) = (await room.read(NEXT_DAY))["routes"]
    assert [stop["visit_id"] for stop in route["stops"]] == [str(visit_id(1))]


async def test_on_its_last_day_a_visit_nobody_can_do_says_why(room: Room) -> None:
    two_days = (TimeWindow(start=at(8), end=at(16)), TimeWindow(start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)))
    await room.plan(requested(1, windows=two_days, skills=("juggling",)), located(1), shift(1))
    said = await room.plan()
    assert reasons(said) == {visit_id(1): "no_skill"}
    assert committed(said).date == NEXT_DAY


async def test_a_visit_that_changes_during_the_solve_is_not_carried_by_the_older_plan(room: Room) -> None:
    two_days = (TimeWindow(start=at(8), end=at(16)), TimeWindow(start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)))
    third_day = NEXT_DAY + dt.timedelta(days=1)
    moved = (TimeWindow(start=at(8, third_day), end=at(16, third_day)),)
    room.solver.gate = asyncio.Event()
    await room.hear(requested(1, windows=two_days), located(1))
    room.now += SECOND
    working = asyncio.create_task(room.work())
    await until(lambda: len(room.solver.jobs) == 1)
    await room.hear(changed(1, version=2, windows=moved))
    room.solver.gate.set()
    await working
    assert (await room.visit(1)).planned_date == third_day
    assert await room.request(NEXT_DAY) is None


async def test_a_stop_during_a_solve_gives_the_day_back_at_once(room: Room) -> None:
    room.solver.gate = asyncio.Event()
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    stop = asyncio.Event()
    running = asyncio.create_task(room.jobs.run(stop))
    await until(lambda: len(room.solver.jobs) == 1)
    stop.set()
    async with asyncio.timeout(5):
        await running
    request = await room.request()
    assert request is not None
    assert (request.holder, request.until, request.failures, request.done) == (None, None, 0, 0)
    room.solver.gate = None
    other = PlanJobs(room.state, room.solver, room.solver)
    await other.work()
    await other.searched()
    assert (await room.read())["plan_version"] == 1


async def test_a_worker_whose_lease_could_not_be_given_back_takes_its_day_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.solver.failures = [TransientError("The road graph is away.")]
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    transaction, failing = room.state.db.transaction, False

    def sometimes_full(**how: bool) -> object:
        if failing:
            raise TimeoutError("the disk is full")
        return transaction(**how)

    monkeypatch.setattr(room.state.db, "transaction", sometimes_full)
    original = room.jobs._give_back

    async def fill_disk_first(*arguments: object) -> None:
        nonlocal failing
        failing = True
        await original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(room.jobs, "_give_back", fill_disk_first)
    await room.jobs.work()
    await room.jobs.searched()
    failing = False
    request = await room.request()
    assert request is not None
    assert request.holder is not None
    await room.work()
    assert (await room.read())["plan_version"] == 1


async def test_a_database_that_is_away_is_waited_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await room.hear(shift(1), requested(1), located(1))
    room.now += SECOND
    reading, failures = room.state.db.reading, [TimeoutError("locked")]

    def failing_once() -> object:
        if failures:
            raise failures.pop()
        return reading()

    monkeypatch.setattr(room.state.db, "reading", failing_once)
    stop = asyncio.Event()
    with capture_logs() as logs:
        running = asyncio.create_task(room.jobs.run(stop))

        async def planned() -> bool:
            return bool((await room.read())["plan_version"])

        await until(planned)
        stop.set()
        await running
    assert (logs[0]["event"], logs[0]["work"], logs[0]["reason"]) == ("paused_work", "planning", "locked")
