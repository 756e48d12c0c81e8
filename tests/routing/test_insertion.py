import pytest

from services.routing.domain.eligibility import bar
from services.routing.domain.insertion import cheapest_insertion
from services.routing.domain.plan import Route
from services.routing.domain.problem import Problem, Visit
from services.routing.domain.schedule import Scheduler
from services.routing.solver.draft import Draft
from tests.routing.days import Sizes, a_day, a_shift, a_visit, nurse_id, random_day, shift_id, visit_id


def test_a_visit_goes_where_it_makes_the_smallest_detour() -> None:
    problem = a_day([a_visit(1, 2), a_visit(2, 4), a_visit(3, 3)], [a_shift(1)])
    scheduler = Scheduler(problem)
    routes = {shift_id(1): _route(scheduler, 1, 2)}

    place = cheapest_insertion(scheduler, routes, problem.visits[2], problem.shifts)

    assert place is not None
    assert place.route.planned == (visit_id(1), visit_id(3), visit_id(2))
    assert place.extra == 0


def test_a_nurse_who_is_out_goes_before_one_who_could_stay_at_home() -> None:
    problem = a_day([a_visit(1, 5), a_visit(2, 1)], [a_shift(1, site=1), a_shift(2, site=0)])
    scheduler = Scheduler(problem)
    routes = {shift_id(1): scheduler.rest(shift_id(1)), shift_id(2): _route(scheduler, 1, shift=2)}

    place = cheapest_insertion(scheduler, routes, problem.visits[1], problem.shifts)

    assert place is not None
    assert (place.route.shift_id, place.extra) == (shift_id(2), 0)


def test_the_patient_s_wish_outweighs_a_short_detour() -> None:
    wish = a_visit(1, 1, preferred_nurses=frozenset({nurse_id(2)}))
    problem = a_day([wish], [a_shift(1), a_shift(2)])
    scheduler = Scheduler(problem)
    routes = {shift.id: scheduler.rest(shift.id) for shift in problem.shifts}

    place = cheapest_insertion(scheduler, routes, wish, problem.shifts)

    assert place is not None
    assert place.route.nurse_id == nurse_id(2)


def _route(scheduler: Scheduler, *visits: int, shift: int = 1) -> Route:
    route = scheduler.schedule(shift_id(shift), [visit_id(number) for number in visits])
    assert isinstance(route, Route)
    return route


def _cheapest_by_trying_all(scheduler: Scheduler, draft: Draft, visit: Visit, problem: Problem) -> int | None:
    extras = []
    for shift in problem.shifts:
        before = draft.routes[shift.id]
        for position in range(len(before.planned) + 1):
            order = (*before.planned[:position], visit.id, *before.planned[position:])
            tried = scheduler.schedule(shift.id, order)
            if bar(visit, shift) is None and isinstance(tried, Route):
                extras.append(tried.price.total - before.price.total)
    return min(extras, default=None)


@pytest.mark.parametrize("seed", range(4))
def test_no_place_is_cheaper_than_the_one_found(seed: int) -> None:
    problem = random_day(Sizes(40, 4, tight=True), seed)
    scheduler = Scheduler(problem)
    draft = Draft(scheduler, {})
    for visit in problem.visits[:25]:
        place = cheapest_insertion(scheduler, draft.routes, visit, draft.eligible(visit.id))

        assert (place and place.extra) == _cheapest_by_trying_all(scheduler, draft, visit, problem)

        draft.insert(visit.id)
