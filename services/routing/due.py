"""When a day should be planned."""

import datetime as dt
import math

from services.routing.settings import RoutingSettings
from services.routing.store.models import PlanRequestRow
from services.routing.store.requests import pace_at

MANY = 10
"""More changes than this that came together are taken for an import."""


def due_in(row: PlanRequestRow, now: dt.datetime, settings: RoutingSettings) -> float:
    """Return the seconds until somebody should look at a day: when changes have gathered, and no import goes on.

    A day whose solves failed again and again is never due, until its input changes.
    """
    if row.failures >= settings.attempts:
        return math.inf
    if row.wanted == row.done:
        return math.inf if row.improve_at is None else (row.improve_at - now).total_seconds()
    pace = pace_at(row, now)
    import_over = math.log(pace / settings.burst_pace) if pace > settings.burst_pace else 0.0
    gathered = settings.gather_seconds - (now - row.last_at).total_seconds()
    long_enough = settings.gather_seconds - (now - row.first_at).total_seconds()
    return min(max(import_over, min(gathered, long_enough)), _patience(row, now, settings))


def still_in(row: PlanRequestRow, now: dt.datetime, settings: RoutingSettings) -> float:
    """Return the seconds until a day should be searched: when its input is still, or has waited long enough."""
    many = row.wanted - row.done > MANY
    quiet = settings.burst_quiet_seconds if many else settings.quiet_seconds
    return min(quiet - (now - row.last_at).total_seconds(), _patience(row, now, settings))


def _patience(row: PlanRequestRow, now: dt.datetime, settings: RoutingSettings) -> float:
    return settings.patience_seconds - (now - row.first_at).total_seconds()
