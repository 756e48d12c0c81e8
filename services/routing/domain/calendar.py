"""Which day's plan a visit takes part in."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from shared.areas import Area
from shared.events.values import TimeWindow


def planning_dates(windows: Iterable[TimeWindow], area: Area) -> list[date]:
    """Return every local date on which one of the windows is open, in order."""
    dates = set()
    for window in windows:
        day = area.local_date(window.start)
        last = area.local_date(window.end - timedelta(microseconds=1))
        while day <= last:
            dates.add(day)
            day += timedelta(days=1)
    return sorted(dates)


def first_planning_date(windows: Iterable[TimeWindow], area: Area, now: datetime) -> date:
    """Return the first date that is not over; the last one when all are (the plan says why it came too late)."""
    dates = planning_dates(windows, area)
    today = area.local_date(now)
    return next((day for day in dates if day >= today), dates[-1])


def next_planning_date(windows: Iterable[TimeWindow], area: Area, after: date) -> date | None:
    """Return the next date on which the visit could be done instead, if it has one."""
    return next((day for day in planning_dates(windows, area) if day > after), None)
