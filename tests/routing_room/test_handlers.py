"""What the room hears becomes the input of planning, in whatever order it comes, and asks for the plans it changes."""

import datetime as dt
import itertools

import pytest

from shared.errors import TransientError
from shared.events.dispatch import DayDisrupted, Disruption
from shared.events.ids import AreaId
from shared.events.values import TimeWindow
from tests.routing_room.facts import (
    DAY,
    MAPLE,
    NEXT_DAY,
    NORTH,
    at,
    cancelled,
    changed,
    located,
    not_located,
    requested,
    shift,
    shift_changed,
    shift_closed,
    shift_id,
    visit_id,
)
from tests.routing_room.planning import Room, committed, reasons, routes

TWO_DAYS = (TimeWindow(start=at(8), end=at(16)), TimeWindow(start=at(8, NEXT_DAY), end=at(16, NEXT_DAY)))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_visit_place_and_shift_may_come_in_any_order(room: Room, order: tuple[int, ...]) -> None:
    events = [requested(1), located(1), shift(1)]
    said = await room.plan(*(events[number] for number in order))
    assert routes(said) == {shift_id(1): [visit_id(1)]}


async def test_a_visit_without_a_place_waits_and_asks_for_nothing(room: Room) -> None:
    await room.hear(requested(1))
    assert ((await room.visit(1)).planned_date, await room.request()) == (None, None)
    await room.hear(not_located(1, version=1, address_version=1))
    assert await room.request() is None
    await room.hear(located(1, version=2))
    assert ((await room.visit(1)).planned_date, await room.wanted()) == (DAY, 1)


async def test_a_new_address_takes_the_visit_out_until_it_is_located(room: Room) -> None:
    assert routes(await room.plan(shift(1), requested(1), located(1))) == {shift_id(1): [visit_id(1)]}
    await room.plan(changed(1, version=2, address_version=2))
    assert (await room.read())["routes"] == []
    await room.plan(located(1, version=2))  # a late answer to the old address
    assert (await room.read())["routes"] == []
    said = await room.plan(located(1, NORTH, version=3, address_version=2))
    assert routes(said) == {shift_id(1): [visit_id(1)]}


async def test_a_place_that_was_withdrawn_takes_the_visit_out(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    await room.plan(not_located(1, version=2, address_version=1))
    assert (await room.read())["routes"] == []


async def test_older_and_repeated_events_change_nothing_and_ask_for_nothing(room: Room) -> None:
    old = changed(1, version=2, duration=dt.timedelta(minutes=40))
    newest = changed(1, version=3, duration=dt.timedelta(minutes=50))
    await room.hear(requested(1), located(1, version=2), newest, shift_changed(1, version=4))
    wanted = await room.wanted()
    await room.hear(old, newest, requested(1), located(1, NORTH, version=1), located(1, NORTH, version=2))
    await room.hear(shift(1), shift_changed(1, version=4), shift_closed(1, version=3))
    assert ((await room.visit(1)).body["duration"], await room.wanted()) == ("PT50M", wanted)
    said = await room.plan()
    (stop,) = (await room.read())["routes"][0]["stops"]
    assert (routes(said), stop["drive_seconds"]) == ({shift_id(1): [visit_id(1)]}, 0)


async def test_nothing_that_only_people_read_is_kept(room: Room) -> None:
    await room.hear(requested(1))
    body = (await room.visit(1)).body
    assert {"patient_id", "patient_name", "address", "notes"}.isdisjoint(body)


async def test_a_cancelled_visit_leaves_the_plan_for_good(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    await room.plan(cancelled(1))
    assert (await room.read())["routes"] == []
    await room.hear(located(1, version=2))
    assert await room.work() > 0
    assert len(room.solver.jobs) == 2


async def test_a_cancellation_that_comes_first_is_not_undone(room: Room) -> None:
    await room.hear(cancelled(1, version=2), requested(1), located(1), shift(1))
    await room.plan()
    assert (await room.visit(1)).cancelled
    assert (await room.read())["routes"] == []


async def test_a_visit_that_moves_asks_for_both_days(room: Room) -> None:
    await room.hear(requested(1), located(1))
    later = (TimeWindow(start=at(8, NEXT_DAY), end=at(12, NEXT_DAY)),)
    await room.hear(changed(1, version=2, windows=later))
    assert (await room.wanted(DAY), await room.wanted(NEXT_DAY)) == (2, 1)
    assert (await room.visit(1)).planned_date == NEXT_DAY


async def test_a_visit_that_moves_to_another_area_asks_for_the_day_it_leaves(room: Room) -> None:
    room.areas[AreaId("oak")] = room.areas[MAPLE].model_copy(update={"id": AreaId("oak")})
    await room.hear(requested(1), located(1), changed(1, version=2, area_id=AreaId("oak")))
    assert await room.wanted(DAY) == 2
    assert ((await room.visit(1)).area_id, (await room.visit(1)).planned_date) == ("oak", DAY)


async def test_a_visit_for_several_days_takes_the_first_that_is_not_over(room: Room) -> None:
    room.now = at(23)
    await room.hear(requested(1, windows=TWO_DAYS), located(1))
    assert (await room.visit(1)).planned_date == DAY
    room.now = at(25)
    await room.hear(requested(2, windows=TWO_DAYS), located(2))
    assert (await room.visit(2)).planned_date == NEXT_DAY


async def test_a_visit_all_of_whose_days_are_over_stands_in_the_last_ones_plan(room: Room) -> None:
    room.now = at(8, NEXT_DAY + dt.timedelta(days=3))
    said = await room.plan(requested(1, windows=TWO_DAYS), located(1))
    assert (await room.visit(1)).planned_date == NEXT_DAY
    assert (committed(said).date, reasons(said)) == (NEXT_DAY, {visit_id(1): "no_skill"})


async def test_a_change_that_leaves_a_visit_its_day_keeps_it_there(room: Room) -> None:
    await room.plan(requested(1, windows=TWO_DAYS), located(1))  # nobody works on the first day
    assert (await room.visit(1)).planned_date == NEXT_DAY
    before = await room.wanted(DAY)
    await room.hear(changed(1, version=2, windows=TWO_DAYS, services=("b12-im-1000", "ferritin")))
    assert ((await room.visit(1)).planned_date, await room.wanted(DAY)) == (NEXT_DAY, before)


async def test_a_closed_shift_is_planned_without(room: Room) -> None:
    await room.plan(shift(1), shift(2, NORTH), requested(1), located(1))
    said = await room.plan(shift_closed(1))
    assert routes(said) == {shift_id(2): [visit_id(1)]}
    assert [ref.shift_id for ref in committed(said).routes] == [shift_id(2)]


async def test_a_shift_that_changes_its_day_asks_for_both(room: Room) -> None:
    moved = shift_changed(1, version=2, date=NEXT_DAY, start=at(8, NEXT_DAY), end=at(16, NEXT_DAY))
    await room.hear(shift(1), moved)
    assert (await room.wanted(DAY), await room.wanted(NEXT_DAY)) == (2, 1)


async def test_a_disrupted_day_is_planned_again(room: Room) -> None:
    await room.plan(shift(1), requested(1), located(1))
    said = await room.plan(
        DayDisrupted(
            aggregate_version=1, area_id=MAPLE, date=DAY, disruption=Disruption.FROZEN_CONFLICT, plan_version=1
        )
    )
    assert committed(said).plan_version == 2


async def test_a_visit_in_an_area_that_is_not_built_waits_for_it(room: Room) -> None:
    maple = room.areas.pop(MAPLE)
    await room.hear(requested(1))
    with pytest.raises(TransientError, match="`rounds area build`"):
        await room.hear(located(1))
    room.areas[MAPLE] = maple
    await room.hear(located(1))
    assert (await room.visit(1)).planned_date == DAY
