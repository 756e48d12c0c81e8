"""Wishes about time: from what was asked to windows of instants, or what stands against them."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.booking.domain.refusal import refuse_if
from shared.areas import Area
from shared.errors import FieldProblem, invalid
from shared.events.booking_request import Window, Wishes
from shared.events.values import TimeWindow

type Windows = tuple[TimeWindow, ...]
type Interval = tuple[dt.datetime, dt.datetime]

MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WishRules:
    """What the house takes.

    Attributes:
        opens: when service hours begin, in an area's local time.
        closes: when they end.
        most: how many windows or days one booking may name.
        horizon: how far ahead one may book.
        longest: how long a window may be.
    """

    opens: dt.time = dt.time(8)
    closes: dt.time = dt.time(20)
    most: int = 20
    horizon: dt.timedelta = dt.timedelta(days=366)
    longest: dt.timedelta = dt.timedelta(days=14)


def read_wishes(wishes: Wishes, area: Area, duration: dt.timedelta, rules: WishRules, now: dt.datetime) -> Windows:
    """Return the windows wished, in UTC, in order of time.

    A day wished as a whole becomes the service hours of that day on the area's own clock. Where clocks change at such
    an hour, an hour that is skipped counts as the one after it.

    Args:
        wishes: what was asked.
        area: gives the local time.
        duration: how long the visit takes.
        rules: what the house takes.
        now: what lies before it is past.

    Raises:
        Problem: 422 with every window or day that cannot be, and why.
    """
    if wishes.windows is not None and wishes.any_time_on is not None:
        raise invalid("windows", "Both windows and any_time_on are given.", "Give one of the two.")
    if wishes.windows is not None:
        field = "windows"
        _check_count(field, wishes.windows, rules)
        refuse_if(p for i, window in enumerate(wishes.windows) for p in _malformed(f"{field}.{i}", window, area))
        intervals = [(window.start, window.end) for window in wishes.windows]
    elif wishes.any_time_on is not None:
        field = "any_time_on"
        _check_count(field, wishes.any_time_on, rules)
        today = area.local_date(now)
        refuse_if(p for i, day in enumerate(wishes.any_time_on) for p in _distant(f"{field}.{i}", day, today, rules))
        intervals = [_service_hours(day, area.zone, rules) for day in wishes.any_time_on]
    else:
        remedy = "Give windows (intervals) or any_time_on (days)."
        raise invalid("windows", "Neither windows nor any_time_on is given.", remedy)
    refuse_if(p for i, times in enumerate(intervals) for p in _unworkable(f"{field}.{i}", times, duration, rules, now))
    instants = {(start.astimezone(dt.UTC), end.astimezone(dt.UTC)) for start, end in intervals}
    return tuple(TimeWindow(start=start, end=end) for start, end in sorted(instants))


def wished_dates(windows: Windows, area: Area) -> list[dt.date]:
    """Return the area's calendar dates that the windows touch, in order."""
    dates = set()
    for window in windows:
        day = area.local_date(window.start)
        last = area.local_date(window.end - dt.timedelta(microseconds=1))
        dates |= {day + number * DAY for number in range((last - day).days + 1)}
    return sorted(dates)


def _check_count(field: str, entries: Sequence[object], rules: WishRules) -> None:
    if not entries:
        raise invalid(field, "The list is empty.", "Name at least one.")
    if len(entries) > rules.most:
        message = f"There are {len(entries)} entries; at most {rules.most} are taken."
        raise invalid(field, message, "Keep those that suit best.")


def _service_hours(day: dt.date, zone: ZoneInfo, rules: WishRules) -> Interval:
    # In UTC: subtracting two times of one zone would count the hours on the wall, not those that pass.
    opens = dt.datetime.combine(day, rules.opens, zone).astimezone(dt.UTC)
    return opens, dt.datetime.combine(day, rules.closes, zone).astimezone(dt.UTC)


def _malformed(field: str, window: Window, area: Area) -> Iterator[FieldProblem]:
    ends = {"start": window.start, "end": window.end}
    naive = {name: value for name, value in ends.items() if value.tzinfo is None}
    for name, value in naive.items():
        local = value.replace(tzinfo=area.zone).isoformat()
        yield FieldProblem(f"{field}.{name}", "The time has no offset.", f"Write {local} if local time is meant.")
    if not naive and window.end <= window.start:
        yield FieldProblem(f"{field}.end", "The window ends before it starts.", "Swap start and end, or correct one.")


def _distant(field: str, day: dt.date, today: dt.date, rules: WishRules) -> Iterator[FieldProblem]:
    if day < today:
        yield FieldProblem(field, "This day lies in the past.", "Choose a day to come.")
    if day - today > rules.horizon:
        yield _too_far(field, rules)


def _too_far(field: str, rules: WishRules) -> FieldProblem:
    message = f"This is more than {rules.horizon.days} days ahead."
    return FieldProblem(field, message, "Check the year, or book nearer to the day.")


def _unworkable(
    field: str, interval: Interval, duration: dt.timedelta, rules: WishRules, now: dt.datetime
) -> Iterator[FieldProblem]:
    start, end = interval
    minutes = duration // MINUTE
    if end <= now:
        yield FieldProblem(field, "This lies in the past.", "Choose a time to come.")
    elif end - now > rules.horizon + 2 * DAY:  # a day wished as a whole was measured by its date
        yield _too_far(field, rules)
    elif end - start < duration:
        message = f"The window is shorter than the {minutes} minutes the services take."
        yield FieldProblem(field, message, f"Make it at least {minutes} minutes long, or book fewer services.")
    elif end - now < duration:
        message = f"Less than the {minutes} minutes that the services take are left of it."
        yield FieldProblem(field, message, "Choose a later time.")
    elif end - start > rules.longest:
        message = f"The window is longer than {rules.longest.days} days."
        yield FieldProblem(field, message, "Name the days that suit as any_time_on, or several windows.")
