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


def planning_date(windows: Iterable[TimeWindow], area: Area, now: datetime, present: date | None = None) -> date:
    """Return the date in whose plan a visit takes part.

    Args:
        windows: when it may be done.
        area: where; its clock decides what a date is.
        now: days that are over do not count, unless all are (the plan says why the visit came too late).
        present: the date it is planned on already; it stays there if it can.
    """
    dates = planning_dates(windows, area)
    left = [day for day in dates if day >= area.local_date(now)]
    if present in left:
        return present
    return left[0] if left else dates[-1]


def next_planning_date(windows: Iterable[TimeWindow], area: Area, after: date) -> date | None:
    """Return the next date on which the visit could be done instead, if it has one."""
    return next((day for day in planning_dates(windows, area) if day > after), None)
