"""Which visits are late: the nurse should be there, and is not."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from services.board.domain.progress import Status

GRACE = dt.timedelta(minutes=10)
"""Within it nobody is told, so nobody is late."""
NOT_THERE = {Status.PLANNED, Status.ACCEPTED, Status.EN_ROUTE}


@dataclass(frozen=True, slots=True)
class Due:
    """A visit on a nurse's route.

    Attributes:
        arrival: planned; None where no route has it.
    """

    status: Status
    arrival: dt.datetime | None


def late(visits: Iterable[Due], now: dt.datetime) -> int:
    """Return how many visits are late."""
    return sum(due.status in NOT_THERE and due.arrival is not None and due.arrival + GRACE < now for due in visits)
