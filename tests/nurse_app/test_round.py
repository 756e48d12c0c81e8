"""A nurse's round: her stops in order, what comes next, and nothing that is not hers."""

import random

import pytest

from services.nurse_app.domain.round import Round
from services.nurse_app.domain.standing import Act, Status
from services.nurse_app.handlers import HANDLERS
from services.nurse_app.store import queries
from services.nurse_app.store.models import Base
from shared.db.migrate import differences
from shared.events.booking import VisitRequested
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    NurseArrived,
    NurseEnRoute,
    ShiftOpened,
    VisitCompleted,
    VisitMissed,
)
from shared.events.registry import Event
from shared.events.values import Leg, Stop, StopKind
from shared.security.tokens import NurseDay
from tests.web.house import Floor, apply
from tests.web.story import AREA, DATE, EIGHT, MINUTE, Story

WAY: list[type[ActEvent]] = [AssignmentAccepted, NurseEnRoute, NurseArrived, VisitCompleted]


async def round_of(floor: Floor, shift: ShiftOpened) -> Round:
    async with floor.rooms["nurse_app"].db.reading() as session:
        return await queries.load_round(session, NurseDay(shift.nurse_id, AREA.id, DATE))


async def hear(floor: Floor, shift: ShiftOpened, *events: Event) -> Round:
    await apply(floor.rooms["nurse_app"], HANDLERS, events)
    return await round_of(floor, shift)


def three_visits(story: Story) -> tuple[ShiftOpened, list[VisitRequested], list[Event]]:
    shift = story.shift()
    visits = [story.requested(f"Patient{number}") for number in range(3)]
    return shift, visits, [*visits, *story.dispatched(shift, *(story.placed(visit) for visit in visits))]


async def test_stops_come_in_the_order_of_the_route(floor: Floor) -> None:
    shift, visits, events = three_visits(floor.story)
    mine = await hear(floor, shift, *events)
    assert [stop.stop.visit_id for stop in mine.visits] == [visit.visit_id for visit in visits]
    assert [stop.number for stop in mine.stops] == [1, 2, 3]
    assert (mine.departure, mine.back) == (EIGHT + 20 * MINUTE, EIGHT + 120 * MINUTE)


@pytest.mark.parametrize(
    ("acts", "status", "next_act"),
    [
        (0, Status.PLANNED, Act.ACCEPT),
        (1, Status.ACCEPTED, Act.EN_ROUTE),
        (2, Status.EN_ROUTE, Act.ARRIVED),
        (3, Status.ARRIVED, Act.DONE),
        (4, Status.DONE, None),
    ],
)
async def test_each_act_leads_to_the_next(floor: Floor, acts: int, status: Status, next_act: Act | None) -> None:
    shift, visits, events = three_visits(floor.story)
    done = [floor.story.act(kind, shift, visits[0].visit_id) for kind in WAY[:acts]]
    stop = (await hear(floor, shift, *events, *done)).visits[0]
    assert (stop.status, stop.next_act) == (status, next_act)


async def test_the_current_stop_is_the_first_that_is_not_over(floor: Floor) -> None:
    shift, visits, events = three_visits(floor.story)
    mine = await hear(floor, shift, *events, floor.story.act(VisitMissed, shift, visits[0].visit_id))
    assert mine.current is not None
    assert mine.current.number == 2
    assert mine.finished == 1


async def test_the_current_stop_is_the_one_under_way_whatever_the_order(floor: Floor) -> None:
    shift, visits, events = three_visits(floor.story)
    mine = await hear(floor, shift, *events, floor.story.act(NurseEnRoute, shift, visits[2].visit_id))
    assert mine.current is not None
    assert mine.current.number == 3


async def test_when_all_is_over_nothing_is_current(floor: Floor) -> None:
    shift, visits, events = three_visits(floor.story)
    acts = [floor.story.act(VisitCompleted, shift, visit.visit_id) for visit in visits]
    mine = await hear(floor, shift, *events, *acts)
    assert mine.current is None
    assert mine.ahead == []


async def test_a_break_behind_a_finished_visit_is_no_longer_ahead(floor: Floor) -> None:
    story = floor.story
    shift, (first, *_), _ = three_visits(story)
    visit = story.requested()
    rest = Stop(
        kind=StopKind.BREAK, arrival=EIGHT, start=EIGHT, end=EIGHT + 30 * MINUTE, travel=Leg(drive=0 * MINUTE, metres=0)
    )
    drive = Leg(drive=10 * MINUTE, metres=1)
    point = story.placed(visit).point
    times = {"arrival": EIGHT + 40 * MINUTE, "start": EIGHT + 40 * MINUTE, "end": EIGHT + 60 * MINUTE}
    stop = Stop(kind=StopKind.VISIT, visit_id=visit.visit_id, point=point, travel=drive, **times)
    after = stop.model_copy(update={"visit_id": first.visit_id})
    mine = await hear(floor, shift, visit, first, *story.handed_out(shift, (rest, stop, rest, after)))
    assert [each.number for each in mine.ahead] == [None, 1, None, 2]
    mine = await hear(floor, shift, story.act(VisitCompleted, shift, visit.visit_id))
    assert [each.number for each in mine.ahead] == [None, 2]


async def test_topics_may_arrive_in_any_order(floor: Floor) -> None:
    shift, visits, events = three_visits(floor.story)
    events += [floor.story.act(kind, shift, visits[0].visit_id) for kind in WAY]
    spoken_of_day = [event for event in events if event not in visits]
    mixed = await hear(floor, shift, *spoken_of_day, *visits)
    assert [stop.status for stop in mixed.visits] == [Status.DONE, Status.PLANNED, Status.PLANNED]
    assert all(stop.visit for stop in mixed.visits)


async def test_events_heard_again_in_any_order_change_nothing(floor: Floor) -> None:
    shift, visits, events = three_visits(floor.story)
    events += [floor.story.act(kind, shift, visits[0].visit_id) for kind in WAY]
    once = await hear(floor, shift, *events)
    random.Random(7).shuffle(events)  # noqa: S311 - an order, not a secret
    assert await hear(floor, shift, *events) == once


async def test_a_visit_that_went_to_another_nurse_leaves_the_round(floor: Floor) -> None:
    story = floor.story
    shift, visits, events = three_visits(story)
    other = story.shift("N02")
    moved = story.dispatched(other, story.placed(visits[1]))
    mine = await hear(floor, shift, *events, *moved)
    assert [stop.stop.visit_id for stop in mine.visits] == [visits[0].visit_id, visits[2].visit_id]
    assert len((await round_of(floor, other)).visits) == 1


async def test_a_cancelled_visit_leaves_the_round_at_once(floor: Floor) -> None:
    shift, visits, events = three_visits(floor.story)
    mine = await hear(floor, shift, *events, floor.story.cancelled(visits[0]))
    assert len(mine.visits) == 2


async def test_a_visit_cancelled_on_the_doorstep_stays_until_she_ends_it(floor: Floor) -> None:
    story = floor.story
    shift, visits, events = three_visits(story)
    at_the_door = story.act(NurseArrived, shift, visits[0].visit_id)
    mine = await hear(floor, shift, *events, at_the_door, story.cancelled(visits[0]))
    assert mine.current is not None
    assert mine.current.stop.visit_id == visits[0].visit_id


async def test_a_route_taken_back_leaves_an_empty_round_that_knows_its_plan(floor: Floor) -> None:
    shift, _, events = three_visits(floor.story)
    mine = await hear(floor, shift, *events, *floor.story.handed_out(shift, (), plan_version=4))
    assert mine.stops == []
    assert mine.plan_version == 4


async def test_another_day_is_another_round(floor: Floor) -> None:
    shift, _, events = three_visits(floor.story)
    await hear(floor, shift, *events)
    async with floor.rooms["nurse_app"].db.reading() as session:
        tomorrow = await queries.load_round(session, NurseDay(shift.nurse_id, AREA.id, DATE.replace(day=7)))
    assert tomorrow.stops == []


async def test_only_those_concerned_are_woken(floor: Floor) -> None:
    story = floor.story
    shift, visits, events = three_visits(story)
    other = story.shift("N02")
    await hear(floor, shift, *events, *story.handed_out(other, ()))
    async with floor.rooms["nurse_app"].db.reading() as session:
        before = await queries.revisions(session)
    await hear(floor, shift, story.changed(visits[0]))
    async with floor.rooms["nurse_app"].db.reading() as session:
        after = await queries.revisions(session)
    assert after[shift.nurse_id] == before[shift.nurse_id] + 1
    assert after[other.nurse_id] == before[other.nurse_id]


async def test_the_tables_are_those_of_the_newest_migration(floor: Floor) -> None:
    assert await differences(floor.rooms["nurse_app"].db, Base.metadata) == []
