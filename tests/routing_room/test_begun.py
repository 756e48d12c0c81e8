"""What has begun stays as it was; what was given up on the way is over; the rest is planned around it."""

import datetime as dt
from itertools import pairwise

from services.routing.domain.problem import BegunBreak, BegunVisit
from services.routing.store.models import BegunRow
from shared.events.values import TimeWindow
from tests.routing_room.facts import (
    NORTH,
    SOUTH,
    arrived,
    at,
    cancelled,
    completed,
    en_route,
    located,
    lunch,
    missed,
    near,
    requested,
    shift,
    shift_changed,
    shift_closed,
    shift_id,
    visit_id,
)
from tests.routing_room.planning import Room, reasons, routes


def begun(room: Room) -> list[tuple[int, float, float]]:
    """What the last solve took for begun: number of the visit (0: a break), arrival and end in hours."""
    problem = room.solver.jobs[-1].problem
    found = []
    for record in problem.begun:
        for stop in record.stops:
            if isinstance(stop, BegunVisit):
                found.append((stop.visit_id.int, hour(stop.arrival), hour(stop.end)))
            else:
                found.append((0, hour(stop.start), hour(stop.end)))
    return found


def hour(seconds: int) -> float:
    return round((dt.datetime.fromtimestamp(seconds, dt.UTC) - at(0)).total_seconds() / 3600, 2)


def window(start: float, end: float) -> TimeWindow:
    return TimeWindow(start=at(start), end=at(end))


async def test_what_has_begun_stays_in_front_with_its_actual_times(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1), requested(2), located(2, near(SOUTH)))
    await room.hear(en_route(2, 8.0), arrived(2, 8.5), completed(2, 9.0), en_route(1, 9.1), arrived(1, 9.2))
    said = await room.plan(requested(3), located(3))
    assert begun(room) == [(2, 8.5, 9.0), (1, 9.2, 9.53)]
    assert routes(said) == {shift_id(1): [visit_id(2), visit_id(1), visit_id(3)]}


async def test_on_the_way_the_drive_and_the_visit_are_expected(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1, NORTH))
    await room.hear(en_route(1, 9.0))
    await room.plan(requested(2), located(2))
    ((number, arrival, end),) = begun(room)
    assert (number, round(end - arrival, 2)) == (1, 0.33)
    assert 10.0 < arrival < 10.5


async def test_a_visit_with_another_nurse_than_planned_is_hers(room: Room) -> None:
    await room.plan(shift(1), shift(2, NORTH), requested(1), located(1))
    await room.hear(en_route(1, 9.0, shift_number=2))
    said = await room.plan(requested(2), located(2))
    assert routes(said)[shift_id(2)][0] == visit_id(1)


async def test_a_visit_given_up_on_the_way_is_over_and_its_nurse_not_there(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1, NORTH), requested(2), located(2))
    await room.hear(en_route(1, 8.0), missed(1, 8.1), en_route(2, 8.2))
    said = await room.plan(requested(3), located(3))
    assert [number for number, *_ in begun(room)] == [2]
    assert routes(said) == {shift_id(1): [visit_id(2), visit_id(3)]}
    assert reasons(said) == {}


async def test_a_visit_missed_without_setting_off_is_over(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1, NORTH), requested(2), located(2))
    said = await room.plan(missed(1, 8.1), requested(3), located(3))
    assert (begun(room), reasons(said)) == ([], {})
    assert {visit for stops in routes(said).values() for visit in stops} == {visit_id(2), visit_id(3)}


async def test_a_visit_missed_at_the_door_has_been_driven_to(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1, NORTH))
    await room.hear(en_route(1, 8.0), arrived(1, 9.0), missed(1, 9.1))
    said = await room.plan(requested(2), located(2, NORTH))
    assert begun(room) == [(1, 9.0, 9.1)]
    assert routes(said) == {shift_id(1): [visit_id(1), visit_id(2)]}


async def test_a_visit_cancelled_on_the_way_leaves_the_route(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1, NORTH), requested(2), located(2))
    await room.hear(en_route(1, 8.0))
    said = await room.plan(cancelled(1))
    assert (begun(room), routes(said)) == ([], {shift_id(1): [visit_id(2)]})


async def test_a_visit_cancelled_at_the_door_stays_until_it_is_over(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1, NORTH), requested(2), located(2))
    await room.hear(en_route(1, 8.0), arrived(1, 9.0), cancelled(1))
    await room.plan()
    assert begun(room) == [(1, 9.0, 9.33)]
    assert (await room.read())["routes"][0]["stops"][0]["visit_id"] == str(visit_id(1))


async def test_begun_with_a_nurse_whose_shift_was_closed_is_planned_for_nobody_else(room: Room) -> None:
    await room.plan(shift(1), shift(2, NORTH), requested(1), located(1), requested(2), located(2))
    await room.hear(en_route(1, 8.0))
    said = await room.plan(shift_closed(1))
    assert routes(said) == {shift_id(2): [visit_id(2)]}
    assert reasons(said) == {}


async def test_repeated_acts_do_not_move_what_was_said_first(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    await room.hear(en_route(1, 8.0), arrived(1, 8.5), arrived(1, 9.5), completed(1, 9.0), completed(1, 11.0))
    await room.plan(requested(2), located(2))
    assert begun(room) == [(1, 8.5, 9.0)]


async def test_phones_whose_clocks_are_off_do_not_stop_the_planning(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1, NORTH), requested(2), located(2))
    await room.hear(en_route(1, 8.0), arrived(1, 9.5), completed(1, 10.0), en_route(2, 9.0), arrived(2, 9.25))
    await room.plan(requested(3), located(3))
    stops = begun(room)
    assert [number for number, *_ in stops] == [1, 2]
    assert all(one[1] <= other[1] for one, other in pairwise(stops))
    assert (await room.read())["failure"] is None


async def test_a_break_before_what_has_begun_is_taken(room: Room) -> None:
    morning = {"windows": (window(8, 10),)}
    afternoon = {"windows": (window(13, 15),)}
    await room.plan(shift(1, breaks=(lunch(),)), requested(1, **morning), located(1), requested(2, **afternoon))
    said = await room.plan(located(2))
    assert routes(said) == {shift_id(1): [visit_id(1), None, visit_id(2)]}
    await room.hear(en_route(1, 8.5), arrived(1, 8.5), completed(1, 9.0), en_route(2, 13.0), arrived(2, 13.1))
    await room.plan(requested(3), located(3))
    assert [number for number, *_ in begun(room)] == [1, 0, 2]
    (record,) = room.solver.jobs[-1].problem.begun
    assert [stop.number for stop in record.stops if isinstance(stop, BegunBreak)] == [0]


async def test_a_break_that_the_shift_no_longer_has_was_not_taken(room: Room) -> None:
    await room.plan(
        shift(1, breaks=(lunch(),)), requested(1, windows=(window(8, 10),)), located(1), requested(2), located(2)
    )
    await room.plan(requested(3, windows=(window(14, 16),)), located(3))
    await room.hear(en_route(1, 8.5), arrived(1, 8.5), completed(1, 9.0), en_route(3, 14.0), arrived(3, 14.0))
    await room.plan(shift_changed(1, version=2))
    assert [number for number, *_ in begun(room)] == [1, 3]
    assert (await room.read())["failure"] is None


async def test_an_act_before_the_visit_was_heard_of_is_kept_for_it(room: Room) -> None:
    await room.hear(en_route(1, 8.0), arrived(1, 8.5), shift(1), requested(1), located(1))
    await room.plan()
    assert begun(room) == [(1, 8.5, 8.83)]
    async with room.state.db.reading() as session:
        row = await session.get(BegunRow, visit_id(1))
    assert row is not None
    assert row.ended_at is None
