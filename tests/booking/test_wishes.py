"""Wishes about time become windows of instants, or are refused with a field and a remedy."""

import datetime as dt
from typing import Any

import pytest

from services.booking.domain.wishes import WishRules, read_wishes, wished_dates
from shared.areas import Area
from shared.errors import FieldProblem, Problem
from shared.events.booking_request import Wishes
from tests.booking.desk import NOW, VANCOUVER, area

HALF_HOUR = dt.timedelta(minutes=30)
MAPLE = area()


def read(*, now: dt.datetime = NOW, rules: WishRules | None = None, where: Area = MAPLE, **wishes: Any) -> list[str]:
    """Return the windows read, as texts in UTC."""
    windows = read_wishes(Wishes.model_validate(wishes), where, HALF_HOUR, rules or WishRules(), now)
    return [f"{window.start:%m-%d %H:%M}/{window.end:%m-%d %H:%M}" for window in windows]


def refused(**wishes: Any) -> list[FieldProblem]:
    """Return what stands against the wishes."""
    with pytest.raises(Problem) as caught:
        read(**wishes)
    return list(caught.value.fields)


def window(start: str, end: str) -> dict[str, str]:
    return {"start": start, "end": end}


def test_windows_keep_their_instants_and_come_in_order_of_time() -> None:
    later = window("2030-05-07T09:00:00-04:00", "2030-05-07T10:00:00-04:00")
    sooner = window("2030-05-06T16:00:00+02:00", "2030-05-06T18:00:00+02:00")
    assert read(windows=[later, sooner, later]) == ["05-06 14:00/05-06 16:00", "05-07 13:00/05-07 14:00"]


def test_any_time_on_a_day_is_its_service_hours_on_the_areas_clock() -> None:
    assert read(any_time_on=["2030-05-06"]) == ["05-06 12:00/05-07 00:00"]
    assert read(any_time_on=["2030-05-06"], where=VANCOUVER) == ["05-06 15:00/05-07 03:00"]
    short = WishRules(opens=dt.time(9, 30), closes=dt.time(17))
    assert read(any_time_on=["2030-05-06"], rules=short) == ["05-06 13:30/05-06 21:00"]


def test_service_hours_follow_the_clocks_when_they_change() -> None:
    # New York: forward on 10 March 2030, back on 3 November 2030.
    march, november = dt.datetime(2030, 3, 1, tzinfo=dt.UTC), dt.datetime(2030, 11, 1, tzinfo=dt.UTC)
    assert read(any_time_on=["2030-03-09", "2030-03-10"], now=march) == [
        "03-09 13:00/03-10 01:00",
        "03-10 12:00/03-11 00:00",
    ]
    assert read(any_time_on=["2030-11-02", "2030-11-03"], now=november) == [
        "11-02 12:00/11-03 00:00",
        "11-03 13:00/11-04 01:00",
    ]


def test_a_skipped_hour_counts_as_the_one_after_it() -> None:
    march = dt.datetime(2030, 3, 1, tzinfo=dt.UTC)
    night = WishRules(opens=dt.time(2, 30), closes=dt.time(6))
    assert read(any_time_on=["2030-03-10"], rules=night, now=march) == ["03-10 07:30/03-10 10:00"]


def test_a_window_across_a_change_of_clocks_lasts_as_long_as_it_does() -> None:
    march, november = dt.datetime(2030, 3, 1, tzinfo=dt.UTC), dt.datetime(2030, 11, 1, tzinfo=dt.UTC)
    forward = window("2030-03-10T01:45:00-05:00", "2030-03-10T03:15:00-04:00")
    assert read(windows=[forward], now=march) == ["03-10 06:45/03-10 07:15"], "half an hour, not one and a half"
    too_short = window("2030-03-10T01:50:00-05:00", "2030-03-10T03:15:00-04:00")
    assert [problem.field for problem in refused(windows=[too_short], now=march)] == ["windows.0"]
    back = window("2030-11-03T01:45:00-04:00", "2030-11-03T01:15:00-05:00")
    assert read(windows=[back], now=november) == ["11-03 05:45/11-03 06:15"], "the hour that comes twice"


@pytest.mark.parametrize(
    ("wishes", "field", "message"),
    [
        ({}, "windows", "Neither windows nor any_time_on is given."),
        (
            {"windows": [window("2030-05-06T09:00:00Z", "2030-05-06T10:00:00Z")], "any_time_on": ["2030-05-06"]},
            "windows",
            "Both windows and any_time_on are given.",
        ),
        ({"windows": []}, "windows", "The list is empty."),
        ({"any_time_on": []}, "any_time_on", "The list is empty."),
        ({"any_time_on": ["2030-05-06"] * 21}, "any_time_on", "There are 21 entries; at most 20 are taken."),
        ({"any_time_on": ["2030-05-06", "2030-04-30"]}, "any_time_on.1", "This day lies in the past."),
        ({"any_time_on": ["2031-05-06"]}, "any_time_on.0", "This is more than 366 days ahead."),
        ({"any_time_on": ["9999-12-31"]}, "any_time_on.0", "This is more than 366 days ahead."),
        ({"any_time_on": ["0001-01-01"]}, "any_time_on.0", "This day lies in the past."),
        (
            {"windows": [window("2030-05-01T08:00:00-04:00", "2030-05-01T09:00:00-04:00")]},
            "windows.0",
            "This lies in the past.",
        ),
        (
            {"windows": [window("2030-05-01T08:00:00-04:00", "2030-05-01T09:20:00-04:00")]},
            "windows.0",
            "Less than the 30 minutes that the services take are left of it.",
        ),
        (
            {"windows": [window("2030-05-06T09:00:00Z", "2030-05-06T09:29:00Z")]},
            "windows.0",
            "The window is shorter than the 30 minutes the services take.",
        ),
        (
            {"windows": [window("2030-05-06T12:00:00Z", "2030-05-06T09:00:00Z")]},
            "windows.0.end",
            "The window ends before it starts.",
        ),
        (
            {"windows": [window("2030-05-06T09:00:00Z", "2030-05-06T09:00:00Z")]},
            "windows.0.end",
            "The window ends before it starts.",
        ),
        (
            {"windows": [window("2030-05-06T09:00:00Z", "2030-05-26T09:00:00Z")]},
            "windows.0",
            "The window is longer than 14 days.",
        ),
        (
            {"windows": [window("0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-12:00")]},
            "windows.0",
            "This is more than 366 days ahead.",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_field(wishes: dict[str, Any], field: str, message: str) -> None:
    problems = refused(**wishes)
    assert [(problem.field, problem.message) for problem in problems] == [(field, message)]
    assert problems[0].remedy


def test_a_time_without_offset_is_refused_with_the_offset_it_would_have() -> None:
    problems = refused(windows=[window("2030-05-06T09:00:00", "2030-05-06T12:00:00")])
    assert [(problem.field, problem.remedy) for problem in problems] == [
        ("windows.0.start", "Write 2030-05-06T09:00:00-04:00 if local time is meant."),
        ("windows.0.end", "Write 2030-05-06T12:00:00-04:00 if local time is meant."),
    ]


def test_every_bad_window_is_named() -> None:
    past = window("2030-04-06T09:00:00Z", "2030-04-06T12:00:00Z")
    good = window("2030-05-06T09:00:00Z", "2030-05-06T12:00:00Z")
    assert [problem.field for problem in refused(windows=[past, good, past])] == ["windows.0", "windows.2"]


def test_today_is_taken_while_enough_of_it_is_left() -> None:
    assert read(any_time_on=["2030-05-01"]) == ["05-01 12:00/05-02 00:00"]
    evening = dt.datetime(2030, 5, 1, 23, 45, tzinfo=dt.UTC)
    assert [problem.field for problem in refused(any_time_on=["2030-05-01"], now=evening)] == ["any_time_on.0"]


def test_wished_dates_are_the_areas_own() -> None:
    late = Wishes.model_validate({"windows": [window("2030-05-06T23:00:00-04:00", "2030-05-07T01:00:00-04:00")]})
    midnight = Wishes.model_validate({"windows": [window("2030-05-06T22:00:00-04:00", "2030-05-07T00:00:00-04:00")]})
    rules = WishRules()
    assert wished_dates(read_wishes(late, MAPLE, HALF_HOUR, rules, NOW), MAPLE) == [
        dt.date(2030, 5, 6),
        dt.date(2030, 5, 7),
    ]
    assert wished_dates(read_wishes(midnight, MAPLE, HALF_HOUR, rules, NOW), MAPLE) == [dt.date(2030, 5, 6)]
