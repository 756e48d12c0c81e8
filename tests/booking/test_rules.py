"""Rules about patient, services and nurses: each with a case it refuses and one it lets pass."""

import datetime as dt

import pytest

from services.booking.domain.rules import (
    Exposure,
    age_on,
    age_problems,
    nurse_problems,
    service_problems,
    washout_problems,
)
from services.booking.store.catalogue_file import load_catalogue
from shared.events.values import TimeWindow
from tests.booking.desk import area

CATALOGUE = load_catalogue()
TODAY = dt.date(2030, 5, 1)
DAYS = {"b12": 14}


def exposure(day: int, *, gives: str = "", assays: str = "", hours: tuple[int, int] = (13, 16)) -> Exposure:
    """A visit on a day of May 2030."""
    start, end = (dt.datetime(2030, 5, day, hour, tzinfo=dt.UTC) for hour in hours)
    return Exposure(frozenset(gives.split()), frozenset(assays.split()), (TimeWindow(start=start, end=end),))


def test_known_services_pass() -> None:
    assert list(service_problems(["cbc", "b12-level"], CATALOGUE)) == []


def test_services_that_are_missing_unknown_or_double_are_named() -> None:
    assert [problem.field for problem in service_problems([], CATALOGUE)] == ["services"]
    problems = list(service_problems(["cbc", "b12-lvl", "cbc"], CATALOGUE))
    assert [(problem.field, problem.message) for problem in problems] == [
        ("services.1", "This service is not in the catalogue."),
        ("services.2", "cbc is named twice."),
    ]
    assert problems[0].remedy.startswith("Did you mean b12-level? The catalogue has ")


@pytest.mark.parametrize(
    ("birth_date", "day", "age"),
    [
        (dt.date(2012, 5, 6), dt.date(2030, 5, 5), 17),
        (dt.date(2012, 5, 6), dt.date(2030, 5, 6), 18),
        (dt.date(2012, 2, 29), dt.date(2030, 2, 28), 17),
        (dt.date(2012, 2, 29), dt.date(2030, 3, 1), 18),
    ],
)
def test_age_is_full_years_lived(birth_date: dt.date, day: dt.date, age: int) -> None:
    assert age_on(birth_date, day) == age


def test_the_patient_is_old_enough_on_the_first_day_wished() -> None:
    needs = CATALOGUE.visit_needs(["cbc"])
    birth_date = dt.date(2012, 5, 6)
    assert list(age_problems(birth_date, needs, dt.date(2030, 5, 6), TODAY)) == []
    (problem,) = age_problems(birth_date, needs, dt.date(2030, 5, 5), TODAY)
    assert (problem.field, problem.message) == (
        "patient.birth_date",
        "Complete blood count is for patients from 18 years on.",
    )


@pytest.mark.parametrize("birth_date", [dt.date(2030, 5, 2), dt.date(1880, 5, 1)])
def test_a_birth_date_that_cannot_be_is_refused(birth_date: dt.date) -> None:
    (problem,) = age_problems(birth_date, CATALOGUE.visit_needs(["cbc"]), dt.date(2030, 5, 6), TODAY)
    assert (problem.field, problem.remedy) == ("patient.birth_date", "Correct the year.")


def test_a_nurse_is_not_preferred_and_excluded_at_once() -> None:
    assert list(nurse_problems(["N01"], ["N02"])) == []
    (problem,) = nurse_problems(["N01", "N02"], ["N02"])
    assert (problem.field, problem.message) == ("excluded_nurses", "A nurse is preferred and excluded.")


@pytest.mark.parametrize(
    ("draw_day", "shot_day", "refused"),
    [(19, 6, True), (20, 6, True), (21, 6, False), (5, 6, False), (6, 6, True)],
)
def test_no_level_is_drawn_within_fourteen_days_after_a_shot(draw_day: int, shot_day: int, *, refused: bool) -> None:
    draw, shot = exposure(draw_day, assays="b12 folate"), exposure(shot_day, gives="b12")
    assert bool(list(washout_problems(draw, [shot], DAYS, area()))) is refused
    assert bool(list(washout_problems(shot, [draw], DAYS, area()))) is refused, "whichever was booked first"


def test_the_remedy_names_the_first_day_that_is_free() -> None:
    (problem,) = washout_problems(exposure(10, assays="b12"), [exposure(6, gives="b12")], DAYS, area())
    assert problem.message == "The b12 level may be drawn within 14 days after another visit's injection."
    assert problem.remedy == "Book both as one visit (blood is drawn first), or choose 2030-05-21 or later."


def test_on_one_day_the_draw_before_the_shot_passes_and_other_substances_do_not_matter() -> None:
    morning, afternoon = exposure(6, assays="b12", hours=(13, 15)), exposure(6, gives="b12", hours=(15, 17))
    assert list(washout_problems(morning, [afternoon], DAYS, area())) == []
    assert list(washout_problems(exposure(10, assays="folate"), [exposure(6, gives="b12")], DAYS, area())) == []


def test_one_visit_may_draw_and_inject() -> None:
    both = exposure(6, gives="b12", assays="b12")
    assert list(washout_problems(both, [], DAYS, area())) == []
