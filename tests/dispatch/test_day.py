"""The live day through the whole room: plans come in, nurses act, the day and what is said of it agree."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event

from shared.clock import new_id
from shared.errors import PoisonError
from shared.events.dispatch import (
    AssignmentWithdrawn,
    DayDisrupted,
    NurseEnRoute,
    RouteDispatched,
    VisitAssigned,
    VisitMissed,
    WithdrawalReason,
)
from shared.events.envelope import decode, encode
from shared.events.ids import EventId
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, Route, RouteRef
from shared.events.topics import DAYS
from tests.dispatch.floor import AREA, DATE, NOW, Floor, Shift, at, cancelled, planned_events, route, stop, visit

ONE, TWO, THREE = visit(1), visit(2), visit(3)


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


async def test_nothing_is_handed_out_before_the_plan_is_complete(floor: Floor) -> None:
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    *routes, committed = planned_events(1, [route(ann, stop(ONE, 10)), route(bea, stop(TWO, 10))])
    assert await floor.answers(*routes) == []
    said = await floor.answers(committed)
    assert kinds(said) == [RouteDispatched, RouteDispatched, VisitAssigned, VisitAssigned]
    assert [event.aggregate_version for event in said] == [1, 2, 3, 4]
    day = await floor.assignments()
    assert day["plan_version"] == 1
    assert [(entry["visit_id"], entry["nurse_ref"], entry["status"]) for entry in day["assignments"]] == [
        (str(ONE), "N01", "requested"),
        (str(TWO), "N02", "requested"),
    ]


async def test_a_later_plan_names_unchanged_routes_in_the_version_they_were_said_in(floor: Floor) -> None:
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    await floor.plan(1, route(ann, stop(ONE, 10)), route(bea, stop(TWO, 10)))
    changed, committed = planned_events(2, [route(bea, stop(TWO, 10), stop(THREE, 60))])
    assert isinstance(committed, PlanCommitted)
    refs = (RouteRef(shift_id=ann.shift_id, plan_version=1), *committed.routes)
    said = await floor.answers(changed, committed.model_copy(update={"routes": refs}))
    assert kinds(said) == [RouteDispatched, VisitAssigned]
    assert [event.aggregate_version for event in said] == [5, 6]


async def test_a_superseded_plan_is_not_handed_out(floor: Floor) -> None:
    ann = await floor.shift()
    old = planned_events(1, [route(ann, stop(ONE, 10))])
    await floor.plan(2, route(ann, stop(TWO, 10)))
    assert await floor.answers(*old) == []
    assert await floor.plan(3, route(ann, stop(TWO, 10))) == []
    assert (await floor.assignments())["plan_version"] == 3


async def test_a_plan_whose_route_was_never_said_is_poison(floor: Floor) -> None:
    ann = await floor.shift()
    _, committed = planned_events(1, [route(ann, stop(ONE, 10))])
    with pytest.raises(PoisonError, match="Ask routing to plan the day again"):
        await floor.hear(committed)


async def test_a_visit_that_moves_has_one_standing_assignment(floor: Floor) -> None:
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    await floor.plan(1, route(ann, stop(ONE, 10)))
    said = await floor.plan(2, route(bea, stop(ONE, 40)))
    assert kinds(said) == [AssignmentWithdrawn, RouteDispatched, RouteDispatched, VisitAssigned]
    back = await floor.plan(3, route(ann, stop(ONE, 50)))
    assert kinds(back) == kinds(said)
    (entry,) = (await floor.assignments())["assignments"]
    assert (entry["nurse_ref"], entry["business_status"], entry["start"]) == ("N01", "assigned", "2030-05-06T12:50:00Z")


async def test_a_visit_that_comes_back_to_a_nurse_is_not_accepted_any_more(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    await floor.act(ann, ONE, "accept")
    await floor.plan(2)
    await floor.plan(3, route(ann, stop(ONE, 10)))
    (entry,) = (await floor.assignments())["assignments"]
    assert (entry["business_status"], entry["accepted_at"]) == ("assigned", None)


async def test_a_new_time_leaves_an_accepted_visit_accepted(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    await floor.act(ann, ONE, "accept")
    await floor.plan(2, route(ann, stop(ONE, 30)))
    (entry,) = (await floor.assignments())["assignments"]
    assert (entry["status"], entry["start"]) == ("accepted", "2030-05-06T12:30:00Z")


async def test_a_visit_may_move_to_another_day(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    tomorrow = {"start": "2030-05-07T08:00:00-04:00", "end": "2030-05-07T16:00:00-04:00"}
    bea = await floor.shift("N02", **tomorrow)
    said = await floor.answers(*planned_events(1, [route(bea, stop(ONE, 24 * 60))], date=DATE + dt.timedelta(days=1)))
    assert kinds(said) == [AssignmentWithdrawn, RouteDispatched, VisitAssigned, DayDisrupted]
    assert [(event.key(), event.aggregate_version) for event in said] == [
        ("maple:2030-05-06", 3),
        ("maple:2030-05-07", 1),
        ("maple:2030-05-07", 2),
        ("maple:2030-05-06", 4),
    ]
    assert (await floor.assignments())["assignments"] == []
    back = await floor.plan(2, route(ann, stop(ONE, 10)))
    assert kinds(back) == [AssignmentWithdrawn, VisitAssigned, DayDisrupted]


async def test_a_visit_cancelled_before_its_plan_is_never_handed_out(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.hear(cancelled(ONE), cancelled(ONE))
    said = await floor.plan(1, route(ann, stop(ONE, 10), stop(TWO, 60)))
    assert [event.visit_id for event in said if isinstance(event, VisitAssigned)] == [TWO]


async def test_a_visit_cancelled_after_its_plan_is_withdrawn_at_once(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    (withdrawn,) = await floor.answers(cancelled(ONE))
    assert isinstance(withdrawn, AssignmentWithdrawn)
    assert (withdrawn.reason, withdrawn.aggregate_version) == (WithdrawalReason.CANCELLED, 3)
    reply = await floor.act(ann, ONE, "en_route")
    assert (reply.status_code, reply.json()["type"]) == (409, "/problems/not-yours")
    assert await floor.answers(cancelled(ONE)) == []


async def test_a_round_from_accept_to_done(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    for minutes, act in enumerate(("accept", "en_route", "arrived", "done")):
        floor.clock.now = at(minutes)
        reply = await floor.act(ann, ONE, act)
        assert reply.status_code == 200, reply.text
        assert reply.json()["changed"] is True
    (entry,) = (await floor.assignments())["assignments"]
    assert (entry["status"], entry["business_status"]) == ("completed", "done")
    assert [entry[f"{name}_at"] for name in ("accepted", "en_route", "arrived", "done")] == [
        f"2030-05-06T12:0{minute}:00Z" for minute in range(4)
    ]
    said = await floor.said()
    assert [event.aggregate_version for event in said][-4:] == [3, 4, 5, 6]


async def test_a_repeated_act_is_one_act_with_one_answer(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    act_id = new_id()
    first = await floor.act(ann, ONE, "en_route", act_id)
    await floor.act(ann, ONE, "arrived")
    await floor.said()
    again = await floor.act(ann, ONE, "en_route", act_id)
    assert (again.status_code, again.json()) == (200, first.json())
    assert await floor.said() == []


async def test_a_double_tap_at_the_same_moment_is_one_act(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    act_id = new_id()
    replies = await asyncio.gather(*(floor.act(ann, ONE, "en_route", act_id) for _ in range(4)))
    assert [reply.status_code for reply in replies] == [200] * 4
    assert kinds(await floor.said()) == [NurseEnRoute]


async def test_the_same_act_under_a_new_id_changes_nothing(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    await floor.act(ann, ONE, "en_route")
    await floor.said()
    reply = await floor.act(ann, ONE, "accept")
    assert reply.status_code == 200
    assert (reply.json()["changed"], reply.json()["business_status"]) == (False, "en_route")
    assert await floor.said() == []


async def test_an_act_id_serves_one_act(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10), stop(TWO, 60)))
    act_id = new_id()
    await floor.act(ann, ONE, "accept", act_id)
    for visit_id, act in ((TWO, "accept"), (ONE, "en_route")):
        reply = await floor.act(ann, visit_id, act, act_id)
        assert (reply.status_code, reply.json()["type"]) == (409, "/problems/act-id-taken")


async def test_a_refused_act_may_be_tried_again_under_its_id(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10)))
    act_id = new_id()
    assert (await floor.act(ann, ONE, "arrived", act_id)).status_code == 409
    await floor.act(ann, ONE, "en_route")
    assert (await floor.act(ann, ONE, "arrived", act_id)).json()["changed"] is True


async def test_one_visit_is_under_way_at_a_time(floor: Floor) -> None:
    ann = await floor.shift()
    await floor.plan(1, route(ann, stop(ONE, 10), stop(TWO, 60)))
    await floor.act(ann, ONE, "en_route")
    second = await floor.act(ann, TWO, "en_route")
    assert (second.status_code, second.json()["type"]) == (409, "/problems/another-under-way")
    assert "08:10" in second.json()["detail"]
    await floor.said()
    await floor.act(ann, ONE, "missed", reason="not_home")
    assert (await floor.act(ann, TWO, "en_route")).status_code == 200
    missed, _ = await floor.said()
    assert isinstance(missed, VisitMissed)
    assert missed.reason == "not_home"


async def test_an_act_on_another_nurses_visit_is_refused_and_on_no_ones_not_found(floor: Floor) -> None:
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    await floor.plan(1, route(ann, stop(ONE, 10)))
    assert (await floor.act(bea, ONE, "accept")).json()["type"] == "/problems/not-yours"
    assert (await floor.act(ann, THREE, "accept")).status_code == 404


async def test_an_act_that_is_not_understood_is_refused_by_field(floor: Floor) -> None:
    ann = await floor.shift()
    reply = await floor.act(ann, ONE, "fly", at="2030-05-06T08:00:00")
    assert {entry["field"] for entry in reply.json()["fields"]} == {"act", "at"}


async def test_a_plan_that_contradicts_a_begun_visit_disrupts_the_day_until_it_gives_in(floor: Floor) -> None:
    ann, bea = await floor.shift("N01"), await floor.shift("N02")
    await floor.plan(1, route(ann, stop(ONE, 10)))
    await floor.act(ann, ONE, "en_route")
    contradicting = await floor.plan(2, route(bea, stop(ONE, 10)))
    assert kinds(contradicting) == [DayDisrupted]
    assert await floor.plan(3, route(bea, stop(ONE, 10))) == []
    assert await floor.plan(4, route(ann, stop(ONE, 10))) == []
    assert kinds(await floor.plan(5, route(bea, stop(ONE, 10)))) == [DayDisrupted]


async def test_forty_routes_with_five_hundred_visits_are_applied_in_few_statements(floor: Floor) -> None:
    executed: list[str] = []

    @event.listens_for(floor.state.db.writer.sync_engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        executed.append(statement)

    shifts = [await floor.shift(f"N{number:02}") for number in range(40)]
    for version, said in ((1, 540), (2, 1040)):
        *routes, committed = planned_events(version, _big_plan(shifts, version - 1))
        await floor.hear(*routes)
        executed.clear()
        assert len(await floor.answers(committed)) == said
        assert 5 < len(executed) < 150  # some a route, none a visit


async def test_what_the_bus_carries_in_comes_out_on_the_day(floor: Floor) -> None:
    ann = await floor.shift()
    await publish(floor, *planned_events(1, [route(ann, stop(ONE, 10))]))
    heard: list[Event | None] = []
    async with asyncio.timeout(10):
        async for record in floor.house.bus.tail([DAYS], from_start=True, follow=True):
            heard.append(decode(record).data)
            if isinstance(heard[-1], VisitAssigned):
                await publish(floor, cancelled(ONE))
            if isinstance(heard[-1], AssignmentWithdrawn):
                break
    assert [type(event) for event in heard] == [RouteDispatched, VisitAssigned, AssignmentWithdrawn]
    assert {event.key() for event in heard if event} == {f"{AREA}:{DATE}"}


async def publish(floor: Floor, *events: Event) -> None:
    await floor.house.bus.publish(
        [encode(event, event_id=EventId(new_id()), source="/rounds/test", time=NOW) for event in events]
    )


def _big_plan(shifts: list[Shift], turn: int) -> list[Route]:
    per_route = [500 // 40 + (number < 500 % 40) for number in range(40)]
    plan: list[Route] = []
    first = 1
    for number, count in enumerate(per_route):
        shift = shifts[(number + turn) % 40]
        plan.append(route(shift, *(stop(visit(first + place), 10 + 35 * place) for place in range(count))))
        first += count
    return plan
