"""What the room says of its plans: only what is new, numbered without a gap, and drawn where streets are known."""

import datetime as dt
from collections.abc import Sequence

import pytest

from services.routing.travel.port import Point
from shared.events.ids import AreaId
from shared.events.routing import PlanCommitted, RoutePlanned, RouteRef
from tests.routing_room.facts import (
    DAY,
    NORTH,
    SOUTH,
    at,
    cancelled,
    located,
    lunch,
    near,
    requested,
    shift,
    shift_closed,
    shift_id,
    visit_id,
)
from tests.routing_room.planning import Room, committed, routes

UP_NORTH, DOWN_SOUTH = shift_id(1), shift_id(2)


async def two_routes(room: Room) -> None:
    said = await room.plan(
        shift(1, NORTH), shift(2, SOUTH), requested(1), located(1, NORTH), requested(2), located(2, SOUTH)
    )
    assert routes(said) == {UP_NORTH: [visit_id(1)], DOWN_SOUTH: [visit_id(2)]}


async def test_only_the_route_that_changed_is_said_and_all_are_listed(room: Room) -> None:
    await two_routes(room)
    said = await room.plan(requested(3), located(3, near(SOUTH)))
    assert list(routes(said)) == [DOWN_SOUTH]
    assert committed(said).routes == (
        RouteRef(shift_id=UP_NORTH, plan_version=1),
        RouteRef(shift_id=DOWN_SOUTH, plan_version=2),
    )


async def test_a_route_that_is_gone_is_not_listed_and_comes_back_as_new(room: Room) -> None:
    await two_routes(room)
    gone = await room.plan(shift_closed(1), cancelled(1))
    assert (routes(gone), [ref.shift_id for ref in committed(gone).routes]) == ({}, [DOWN_SOUTH])
    back = await room.plan(shift(3, NORTH), requested(4), located(4, NORTH))
    assert routes(back) == {shift_id(3): [visit_id(4)]}


async def test_a_plan_that_changes_nothing_is_still_a_version(room: Room) -> None:
    await two_routes(room)
    await room.client.post(f"/v1/plans/maple/{DAY}/replan")
    said = await room.plan()
    assert (routes(said), committed(said).plan_version) == ({}, 2)
    assert [ref.plan_version for ref in committed(said).routes] == [1, 1]


async def test_the_days_events_are_numbered_without_a_gap(room: Room) -> None:
    await two_routes(room)
    for number in range(3, 6):
        await room.plan(requested(number), located(number, near(NORTH, number)))
    said = await room.said()
    assert [event.aggregate_version for event in said] == list(range(1, len(said) + 1))
    assert {event.key() for event in said} == {f"maple:{DAY}"}
    assert [event.plan_version for event in said if isinstance(event, PlanCommitted)] == [1, 2, 3, 4]


async def test_a_route_has_its_stops_with_places_and_times(room: Room) -> None:
    said = await room.plan(shift(1, SOUTH, breaks=(lunch(),)), requested(1), located(1, near(SOUTH, 10)))
    (planned,) = [event.route for event in said if isinstance(event, RoutePlanned)]
    (stop,) = [stop for stop in planned.stops if stop.visit_id]
    (pause,) = [stop for stop in planned.stops if stop.visit_id is None]
    assert (planned.nurse_ref, planned.travel_estimated, planned.geometry) == ("N01", True, None)
    assert (stop.point, stop.end - stop.start) == (near(SOUTH, 10), dt.timedelta(minutes=20))
    assert stop.start >= at(8) + stop.travel.drive
    assert (pause.point, pause.end - pause.start) == (None, dt.timedelta(minutes=30))
    assert at(11) <= pause.start
    assert pause.end <= at(13)
    assert committed(said).drive == planned.drive >= 2 * stop.travel.drive


async def test_only_routes_that_are_said_are_drawn_and_the_drawing_makes_no_route_new(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[Point]] = []

    async def geometry(_area_id: AreaId, points: Sequence[Point]) -> str:
        drawn.append(list(points))
        return f"way {len(drawn)}"

    monkeypatch.setattr(type(room.state.travel), "geometry", lambda _self, area_id, points: geometry(area_id, points))
    await two_routes(room)
    await room.plan(requested(3), located(3, near(SOUTH)))
    assert len(drawn) == 3
    home = Point(SOUTH.lat, SOUTH.lon)
    assert (drawn[-1][0], drawn[-1][-1], set(drawn[-1])) == (home, home, {home, Point(40.01, -82.5)})
    shown = [event.route.geometry for event in await room.said() if isinstance(event, RoutePlanned)]
    assert shown == ["way 1", "way 2", "way 3"]
