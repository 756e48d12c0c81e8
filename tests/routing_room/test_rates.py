"""What the rate of changes decides: whether they are inserted at once, and when the day is searched."""

import datetime as dt

from tests.routing_room.facts import at, located, requested, shift
from tests.routing_room.planning import Room

SECOND = dt.timedelta(seconds=1)


async def test_an_import_has_to_be_still_for_longer(room: Room) -> None:
    await room.hear(shift(1), *(event for number in range(1, 15) for event in (requested(number), located(number))))
    room.now += SECOND
    assert 0.4 < await room.work() <= 0.5
    room.now += 0.5 * SECOND
    await room.work()
    assert [len(job.problem.visits) for job in room.solver.jobs] == [14]


async def test_nothing_is_inserted_while_an_import_goes_on(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    for number in range(2, 42):
        await room.hear(requested(number), located(number))
        room.now += 0.01 * SECOND
        await room.work()
    # Before it can be told from single bookings, some are inserted.
    assert len(room.solver.jobs) < 15
    room.now += 5 * SECOND
    await room.work()
    assert (room.solver.jobs[-1].search, len(room.solver.jobs[-1].problem.visits)) == (True, 41)


async def test_a_day_that_is_mostly_inserted_is_searched_first(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    for number in range(2, 13):
        await room.hear(requested(number), located(number))
        room.now += 0.1 * SECOND
        await room.work()
    room.now += SECOND
    await room.work()
    assert [job.search for job in room.solver.jobs] == [True, *[False] * 10, True]


async def test_a_day_that_fills_up_booking_by_booking_does_not_wait_for_searches(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    for number in range(2, 16):
        await room.hear(requested(number), located(number))
        room.now += SECOND
        await room.work()
    assert [job.search for job in room.solver.jobs] == [True, *[False] * 14]


async def test_a_day_that_never_gets_still_is_planned_after_a_while(room: Room) -> None:
    await room.hear(shift(1))
    for number in range(1, 60):
        await room.hear(requested(number), located(number))
        room.now += 0.2 * SECOND
        await room.work()
        if room.solver.jobs:
            break
    assert dt.timedelta(seconds=10) <= room.now - at(0) < dt.timedelta(seconds=10.5)
