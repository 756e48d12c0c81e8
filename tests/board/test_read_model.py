"""The read model holds the newest word on each thing, in whatever order the topics arrive."""

import random
from collections.abc import Sequence

import pytest

from services.board.domain.day import day_view
from services.board.domain.progress import Status
from services.board.domain.view import DayView, Headline
from services.board.handlers import HANDLERS
from services.board.store import queries
from services.board.store.models import Base
from shared.db.migrate import differences
from shared.events.dispatch import (
    AssignmentAccepted,
    NurseArrived,
    NurseEnRoute,
    VisitCompleted,
    VisitMissed,
)
from shared.events.registry import Event
from tests.web.house import Floor, apply
from tests.web.story import AREA, DATE, EIGHT, HOUR, MINUTE, Story


async def view(floor: Floor) -> DayView:
    async with floor.rooms["board"].db.reading() as session:
        return day_view(await queries.load_day(session, AREA, DATE), {})


async def hear(floor: Floor, *events: Event) -> DayView:
    await apply(floor.rooms["board"], HANDLERS, events)
    return await view(floor)


def a_busy_day(story: Story) -> list[Event]:
    """Six bookings: one done, one on the way, one missed, one left out, one to review, one cancelled."""
    shift = story.shift()
    visits = [story.requested(f"Patient{number}") for number in range(6)]
    done, going, missed, left_out, unclear, off = visits
    places = [story.placed(visit, 40.1 + number / 100) for number, visit in enumerate((done, going, missed, left_out))]
    return [
        shift,
        *visits,
        *places,
        story.unplaced(unclear, ("1 Oak St", 40.0, -82.5), ("1 Oak Ct", 40.2, -82.5)),
        *story.dispatched(shift, *places[:3]),
        story.committed(1, (left_out, "No nurse is free.")),
        *(story.act(kind, shift, done.visit_id) for kind in (AssignmentAccepted, NurseEnRoute, NurseArrived)),
        story.act(VisitCompleted, shift, done.visit_id, EIGHT + HOUR),
        story.act(NurseEnRoute, shift, going.visit_id),
        story.act(VisitMissed, shift, missed.visit_id),
        story.cancelled(off),
    ]


def shuffled_by_key(events: Sequence[Event], seed: int) -> list[Event]:
    """Mix topics and keys at random; within one key of a topic the order stays, as the bus keeps it."""
    lanes: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        lanes.setdefault((event.topic, event.key()), []).append(event)
    rng = random.Random(seed)  # noqa: S311 - an order, not a secret
    mixed = []
    while lanes:
        lane = rng.choice(list(lanes))
        mixed.append(lanes[lane].pop(0))
        if not lanes[lane]:
            del lanes[lane]
    return mixed


async def test_the_headline_counts_every_booking_once(floor: Floor) -> None:
    seen = await hear(floor, *a_busy_day(floor.story))
    assert seen.headline == Headline(
        bookings=5, located=4, assigned=2, unassigned=1, waiting=0, to_review=1, missed=1, done=1
    )


async def test_a_route_shows_its_stops_with_how_far_each_has_come(floor: Floor) -> None:
    (route,) = (await hear(floor, *a_busy_day(floor.story))).routes
    assert [(stop.number, stop.status) for stop in route.stops] == [
        (1, Status.DONE),
        (2, Status.EN_ROUTE),
        (3, Status.MISSED),
    ]
    assert route.stops[0].at == EIGHT + HOUR
    assert route.drive == 40 * MINUTE
    assert route.finished == 2


async def test_a_nurse_is_last_known_at_her_last_begun_stop(floor: Floor) -> None:
    (route,) = (await hear(floor, *a_busy_day(floor.story))).routes
    assert route.last_known == route.stops[2].point


@pytest.mark.parametrize("seed", range(8))
async def test_topics_may_arrive_in_any_order(floor: Floor, seed: int) -> None:
    day = a_busy_day(floor.story)
    await apply(floor.rooms["board"], HANDLERS, shuffled_by_key(day, seed))
    mixed = await view(floor)
    await apply(floor.rooms["board"], HANDLERS, day)
    assert mixed == await view(floor)
    assert mixed.headline.assigned == 2
    assert mixed.headline.to_review == 1


async def test_events_heard_again_change_nothing_and_wake_nobody(floor: Floor) -> None:
    day = a_busy_day(floor.story)
    once = await hear(floor, *day)
    again = await hear(floor, *day)
    assert again == once
    assert again.revision == once.revision > 0


async def test_a_cancelled_visit_does_not_come_back_with_a_late_word_about_it(floor: Floor) -> None:
    visit = floor.story.requested()
    cancelled = floor.story.cancelled(visit)
    assert (await hear(floor, cancelled, visit)).headline.bookings == 0


async def test_a_closed_shift_leaves_the_board(floor: Floor) -> None:
    shift = floor.story.shift()
    closed = floor.story.closed(shift)
    assert (await hear(floor, shift)).routes
    assert not (await hear(floor, closed)).routes


async def test_a_visit_taken_back_is_free_again(floor: Floor) -> None:
    story = floor.story
    shift, visit = story.shift(), story.requested()
    place = story.placed(visit)
    assigned = await hear(floor, shift, visit, place, *story.dispatched(shift, place))
    assert (assigned.headline.assigned, assigned.headline.waiting) == (1, 0)
    taken = await hear(floor, story.withdrawn(shift, visit))
    assert (taken.headline.assigned, taken.headline.waiting) == (0, 1)


async def test_a_withdrawal_from_one_nurse_does_not_touch_the_next_ones_visit(floor: Floor) -> None:
    story = floor.story
    one, two, visit = story.shift("N01"), story.shift("N02"), story.requested()
    place = story.placed(visit)
    await hear(floor, one, two, visit, place, *story.dispatched(one, place), *story.dispatched(two, place))
    assert (await hear(floor, story.withdrawn(one, visit))).headline.assigned == 1


async def test_a_new_time_does_not_undo_what_the_nurse_accepted(floor: Floor) -> None:
    story = floor.story
    shift, visit = story.shift(), story.requested()
    place = story.placed(visit)
    accepted = [*story.dispatched(shift, place), story.act(AssignmentAccepted, shift, visit.visit_id)]
    (route,) = (await hear(floor, shift, visit, place, *accepted, *story.dispatched(shift, place))).routes
    assert route.stops[0].status is Status.ACCEPTED


async def test_another_nurse_begins_with_a_planned_visit(floor: Floor) -> None:
    story = floor.story
    one, two, visit = story.shift("N01"), story.shift("N02"), story.requested()
    place = story.placed(visit)
    first = [*story.dispatched(one, place), story.act(AssignmentAccepted, one, visit.visit_id)]
    seen = await hear(floor, one, two, visit, place, *first, *story.handed_out(one, ()), *story.dispatched(two, place))
    assert [[stop.status for stop in route.stops] for route in seen.routes] == [[], [Status.PLANNED]]


async def test_the_place_of_an_older_address_does_not_count(floor: Floor) -> None:
    story = floor.story
    visit = story.requested()
    seen = await hear(floor, visit, story.placed(visit), story.moved(visit, "9 Elm St"))
    assert (seen.headline.located, seen.headline.waiting) == (0, 1)


async def test_a_visit_wished_for_another_day_is_not_on_the_board(floor: Floor) -> None:
    tomorrow = floor.story.requested(start=EIGHT + 24 * HOUR)
    assert (await hear(floor, tomorrow)).headline.bookings == 0


async def test_a_day_is_the_areas_own_not_that_of_utc(floor: Floor) -> None:
    eleven_at_night = floor.story.requested(start=EIGHT + 15 * HOUR, hours=1)
    assert (await hear(floor, eleven_at_night)).headline.bookings == 1


async def test_windows_around_a_day_do_not_put_the_visit_on_it(floor: Floor) -> None:
    story = floor.story
    visit = story.requested()
    (window,) = visit.windows
    day = {"start": window.start - 24 * HOUR, "end": window.end - 24 * HOUR}
    after = {"start": window.start + 24 * HOUR, "end": window.end + 24 * HOUR}
    assert (await hear(floor, story.changed(visit, windows=[day, after]))).headline.bookings == 0


async def test_a_visit_held_on_another_day_is_not_waiting_on_this_one(floor: Floor) -> None:
    story = floor.story
    visit = story.requested(hours=36)
    place = story.placed(visit)
    elsewhere = Story(date=DATE.replace(day=7))
    shift = elsewhere.shift()
    seen = await hear(floor, visit, place, shift, *elsewhere.dispatched(shift, place))
    assert seen.headline.bookings == 0


async def test_the_tables_are_those_of_the_newest_migration(floor: Floor) -> None:
    assert await differences(floor.rooms["board"].db, Base.metadata) == []
