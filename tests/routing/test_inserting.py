"""The quick answer: what is new goes to its cheapest place, the rest stays; and travel times that only grow."""

from dataclasses import replace

import numpy as np

from services.routing.domain.check import check
from services.routing.domain.plan import Reason
from services.routing.domain.problem import Travel
from services.routing.solver.effort import Effort
from services.routing.solver.inserting import insert
from services.routing.solver.planner import orders_of, plan
from services.routing.solver.worker import Job, solve_job
from tests.routing.days import HOUR, Sizes, a_day, a_shift, a_visit, line_travel, random_day, visit_id

NO_SEARCH = Effort(0)
LONG = 5 * HOUR


def test_a_new_visit_joins_one_route_and_the_others_stay() -> None:
    whole = random_day(Sizes(80, 8), 3)
    before = plan(replace(whole, visits=whole.visits[:-1]), NO_SEARCH, 1).plan
    new = whole.visits[-1].id
    after = insert(whole, before, {new}).plan
    assert check(whole, after) == []
    differing = [now for was, now in zip(before.routes, after.routes, strict=True) if was != now]
    assert [new in route.planned for route in differing] == [True]
    assert [v for v in orders_of(after)[differing[0].shift_id] if v != new] == list(
        orders_of(before)[differing[0].shift_id]
    )


def test_the_same_input_gives_the_same_plan() -> None:
    whole = random_day(Sizes(60, 6), 5)
    before = plan(replace(whole, visits=whole.visits[:-3]), NO_SEARCH, 1).plan
    new = frozenset(visit.id for visit in whole.visits[-3:])
    job = Job(whole, NO_SEARCH, 1, before, new, search=False)
    assert job.quick
    assert solve_job(job).plan == solve_job(job).plan == insert(whole, before, new).plan


def test_what_was_left_out_stays_so_until_a_route_has_room() -> None:
    day = a_day([a_visit(1, 1, duration_s=LONG), a_visit(2, 1, duration_s=LONG)], [a_shift(1)])
    before = plan(day, NO_SEARCH, 1).plan
    assert [(left.visit_id, left.reason) for left in before.unassigned] == [(visit_id(2), Reason.NO_ROOM)]
    more = a_day([*day.visits, a_visit(3, 1)], day.shifts)
    after = insert(more, before, {visit_id(3)}).plan
    assert after.unassigned == before.unassigned
    assert [set(route.planned) for route in after.routes] == [{visit_id(1), visit_id(3)}]
    fewer = a_day(day.visits[1:], day.shifts)
    assert insert(fewer, before, set()).plan.unassigned == ()


def test_a_new_visit_without_room_says_so() -> None:
    day = a_day([a_visit(1, 1, duration_s=LONG)], [a_shift(1)])
    more = a_day([*day.visits, a_visit(2, 1, duration_s=LONG)], day.shifts)
    after = insert(more, plan(day, NO_SEARCH, 1).plan, {visit_id(2)}).plan
    assert [(left.visit_id, left.reason) for left in after.unassigned] == [(visit_id(2), Reason.NO_ROOM)]


def test_a_search_tells_what_it_gained() -> None:
    day = random_day(Sizes(40, 5), 2)
    rough = plan(day, NO_SEARCH, 1)
    better = plan(day, Effort(20), 1)
    assert rough.gain == 0
    assert better.gain == rough.plan.price.total - better.plan.price.total > 0


def test_travel_times_grow_by_the_new_rows_and_columns() -> None:
    whole, part = line_travel(9), line_travel(6)
    rows = part.seconds_rows
    grown = Travel(whole.seconds, whole.metres).grown_from(part)
    assert grown.seconds_rows is rows
    assert (grown.seconds_rows, grown.metres_rows) == (whole.seconds.tolist(), whole.metres.tolist())


def test_travel_times_over_other_streets_are_made_anew() -> None:
    part = line_travel(6)
    rows = part.seconds_rows
    other = Travel(line_travel(9).seconds + np.int32(1), line_travel(9).metres).grown_from(part)
    assert other.seconds_rows is not rows
    assert len(rows) == 6
