from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.routing.domain.problem import (
    UNREACHABLE,
    Begun,
    BegunBreak,
    BegunVisit,
    Prices,
    Problem,
    ProblemError,
    Shift,
    Travel,
    Visit,
    Window,
)
from shared.events.values import Priority
from tests.routing.days import a_break, a_day, a_shift, a_visit, at, line_travel, nurse_id, shift_id, visit_id


def test_a_day_without_visits_or_nurses_is_a_problem_all_the_same() -> None:
    empty = np.zeros((0, 0), np.int32)

    assert a_day([], [], Travel(empty, empty)).visits == ()


def _with(matrix: str, change: Callable[[np.ndarray], np.ndarray]) -> Travel:
    travel = line_travel(6)
    return replace(travel, **{matrix: change(getattr(travel, matrix).copy())})


def _put(row: int, column: int, value: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(matrix: np.ndarray) -> np.ndarray:
        matrix[row, column] = value
        return matrix

    return change


@pytest.mark.parametrize(
    ("travel", "words"),
    [
        (_with("seconds", lambda m: m[:5]), "shape (5, 6)"),
        (_with("seconds", lambda m: m[0]), "shape (6,)"),
        (_with("metres", lambda m: m[:5, :5]), "every site"),
        (_with("metres", lambda m: m.astype(np.float64)), "float64"),
        (_with("seconds", _put(1, 2, -1)), "from site 1 to site 2 are negative"),
        (_with("metres", _put(3, 3, 5)), "from site 3 to itself"),
        (_with("seconds", _put(1, 4, UNREACHABLE)), "From site 1 to site 4 only one"),
    ],
)
def test_travel_that_is_not_a_square_of_seconds_and_metres_is_refused(travel: Travel, words: str) -> None:
    with pytest.raises(ProblemError, match=words.replace("(", r"\(").replace(")", r"\)")):
        a_day([], [], travel)


@pytest.mark.parametrize(
    ("visit", "words"),
    [
        (a_visit(1, 6), "site 6, but the travel matrices have the sites 0 to 5"),
        (a_visit(1, -1), "site -1"),
        (a_visit(1, 1, duration_s=-60), "duration -60 s"),
        (a_visit(1, 1, windows=()), "no time window"),
        (a_visit(1, 1, (10, 9)), "not after it opens"),
        (a_visit(1, 1, windows=(Window(at(8), at(9)), Window(at(9), at(9)))), "not after it opens"),
        (a_visit(1, 1, leave_out_price=-1), "leave-out price -1"),
        (a_visit(1, 1, licence_options=(frozenset[str](),), state="OH"), "one licence out of none"),
        (a_visit(1, 1, licence_options=(frozenset({"RN"}),)), "names no state"),
        (
            a_visit(1, 1, preferred_nurses=frozenset({nurse_id(1)}), excluded_nurses=frozenset({nurse_id(1)})),
            "both prefers and excludes",
        ),
    ],
)
def test_a_visit_that_contradicts_itself_is_refused(visit: Visit, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        a_day([visit], [])


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (a_shift(1, 6), "starts and is at site 6"),
        (a_shift(1, end_site=9), "ends and is at site 9"),
        (a_shift(1, hours=(16, 8)), "not after its start"),
        (a_shift(1, max_duty_s=0), "longest duty 0 s"),
        (a_shift(1, breaks=(a_break(0, 11, 12),)), "longer than 0"),
        (a_shift(1, breaks=(a_break(61, 11, 12),)), "does not fit in there"),
        (a_shift(1, breaks=(a_break(30, 7, 9),)), "outside the shift"),
        (a_shift(1, breaks=(a_break(30, 15, 17),)), "outside the shift"),
        (a_shift(1, breaks=(a_break(40, 11, 12), a_break(40, 11, 12))), "one after another"),
        (a_shift(1, breaks=(a_break(5, 11, 12),) * 5), "at most 4"),
    ],
)
def test_a_shift_that_contradicts_itself_is_refused(shift: Shift, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        a_day([], [shift])


def test_the_same_visit_or_shift_twice_is_refused() -> None:
    with pytest.raises(ProblemError, match=r"visit .* is there twice"):
        a_day([a_visit(1, 1), a_visit(1, 2)], [])
    with pytest.raises(ProblemError, match=r"shift .* is there twice"):
        a_day([], [a_shift(1), a_shift(1, hours=(17, 18))])


def test_a_nurse_may_have_two_shifts_but_not_at_once() -> None:
    morning = a_shift(1, hours=(8, 12))
    a_day([], [morning, a_shift(2, hours=(12, 16), nurse_id=nurse_id(1))])

    with pytest.raises(ProblemError, match="overlap"):
        a_day([], [morning, a_shift(2, hours=(11, 16), nurse_id=nurse_id(1))])


def test_a_price_below_zero_or_in_fractions_is_refused() -> None:
    for prices in (Prices(driving_km=-1), Prices(waiting_hour=1.5)):  # type: ignore[arg-type]
        with pytest.raises(ProblemError, match="whole number of cents"):
            a_day([], [], prices=prices)


def _begun(*stops: BegunVisit | BegunBreak, shift: int = 1) -> Begun:
    return Begun(shift_id(shift), stops)


_DONE = BegunVisit(visit_id(1), at(8), at(8), at(8.5))


@pytest.mark.parametrize(
    ("begun", "words"),
    [
        ((_begun(_DONE, shift=9),), "not among the shifts"),
        ((_begun(_DONE), _begun(_DONE)), "there twice"),
        ((_begun(replace(_DONE, visit_id=visit_id(9))),), "not among the visits"),
        ((_begun(_DONE, _DONE),), "begun visit .* is there twice"),
        ((_begun(_DONE), _begun(_DONE, shift=2)), "begun visit .* is there twice"),
        ((_begun(replace(_DONE, end=at(7))),), "arrive, start and end in this order"),
        ((_begun(replace(_DONE, visit_id=visit_id(2), start=at(9), end=at(9)), _DONE),), "order of its starts"),
        ((_begun(BegunBreak(1, at(9), at(10))),), "which has 1 breaks"),
        ((_begun(BegunBreak(0, at(9), at(8))),), "ends before it starts"),
        ((_begun(BegunBreak(0, at(8), at(9)), BegunBreak(0, at(9), at(10))),), "there twice"),
    ],
)
def test_begun_work_that_cannot_have_happened_is_refused(begun: tuple[Begun, ...], words: str) -> None:
    shifts = [a_shift(1, breaks=(a_break(30, 11, 13),)), a_shift(2)]

    with pytest.raises(ProblemError, match=words):
        a_day([a_visit(1, 1), a_visit(2, 2)], shifts, begun=begun)


def test_a_visit_s_own_leave_out_price_goes_before_the_price_of_its_priority() -> None:
    problem: Problem = a_day(
        [a_visit(1, 1, priority=Priority.STAT), a_visit(2, 1, priority=Priority.STAT, leave_out_price=7)], []
    )

    assert [problem.leave_out_price(visit) for visit in problem.visits] == [300_000, 7]
