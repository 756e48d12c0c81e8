"""The parts of a planning problem: who is to be visited, who can go, how long the roads are, what has begun."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.events.ids import NurseId, ShiftId, VisitId
from shared.events.values import Priority

UNREACHABLE = 2**31 - 1
"""Stands in both travel matrices where no road leads from one site to another."""


@dataclass(frozen=True, slots=True)
class Window:
    """A visit starts at ``opens`` or later and has ended by ``closes``."""

    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class Visit:
    """One appointment at one place.

    Attributes:
        site: row and column of the travel matrices.
        duration_s: time at the door.
        windows: any one of them will do; the whole visit lies in it.
        skills: the nurse needs all of them.
        licence_options: of each entry the nurse needs one kind (``RN``, ``LVN``), valid in ``state``.
        state: where the visit takes place, as licences name it (``OH``).
        leave_out_price: cents; None: the area's price for the priority.
        preferred_nurses: any other nurse costs ``not_preferred``; empty: no wish.
        current_nurse: has the visit in the plan in force; another costs ``nurse_changed``.
    """

    id: VisitId
    site: int
    duration_s: int
    windows: tuple[Window, ...]
    skills: frozenset[str] = frozenset()
    licence_options: tuple[frozenset[str], ...] = ()
    state: str = ""
    priority: Priority = Priority.ROUTINE
    leave_out_price: int | None = None
    preferred_nurses: frozenset[NurseId] = frozenset()
    excluded_nurses: frozenset[NurseId] = frozenset()
    current_nurse: NurseId | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A pause of ``duration_s`` between two visits, begun at ``earliest_start`` or later, over by ``latest_end``.

    It has no place of its own: the nurse takes it wherever she is, on the road too.
    """

    duration_s: int
    earliest_start: int
    latest_end: int


@dataclass(frozen=True, slots=True)
class Shift:
    """One nurse's working time between two places.

    Attributes:
        licences: ``KIND:STATE`` (``RN:OH``).
        breaks: every one of them is taken if the shift has a planned visit.
        max_duty_s: from the first thing in the route to the last, waiting and breaks included; None: no bound.
    """

    id: ShiftId
    nurse_id: NurseId
    start: int
    end: int
    start_site: int
    end_site: int
    skills: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()
    breaks: tuple[Break, ...] = ()
    max_duty_s: int | None = None


@dataclass(frozen=True, eq=False)
class Travel:
    """Driving seconds and metres from each site (row) to each site (column), int32 [n, n]."""

    seconds: NDArray[np.int32]
    metres: NDArray[np.int32]

    def __reduce__(self) -> tuple[type[Self], tuple[NDArray[np.int32], NDArray[np.int32]]]:
        """Go to another process without the plain integers: they are many, and soon made there."""
        return type(self), (self.seconds, self.metres)

    @cached_property
    def seconds_rows(self) -> list[list[int]]:
        """The seconds as plain integers, for code that reads single entries."""
        rows: list[list[int]] = self.seconds.tolist()
        return rows

    @cached_property
    def metres_rows(self) -> list[list[int]]:
        """The metres as plain integers, for code that reads single entries."""
        rows: list[list[int]] = self.metres.tolist()
        return rows

    def grown_from(self, before: Self | None) -> Self:
        """Take over the plain integers of travel times to which some sites were added, where that is what this is.

        The earlier rows get longer with it; whoever uses the earlier object does not look beyond its sites.
        """
        if before is None or not self._extends(before):
            return self
        for rows, figures in ((before.seconds_rows, self.seconds), (before.metres_rows, self.metres)):
            for row, more in zip(rows, figures[: len(rows), len(rows) :].tolist(), strict=True):
                row[len(rows) :] = more
            rows.extend(figures[len(rows) :].tolist())
        self.__dict__.update(seconds_rows=before.seconds_rows, metres_rows=before.metres_rows)
        return self

    def _extends(self, before: Self) -> bool:
        known = len(before.seconds)
        return (
            known <= len(self.seconds)
            and len(before.seconds_rows) == known
            and np.array_equal(self.seconds[:known, :known], before.seconds)
            and np.array_equal(self.metres[:known, :known], before.metres)
        )


@dataclass(frozen=True, slots=True)
class BegunVisit:
    """A visit that is done, or that the nurse is at or on her way to, with actual or expected times."""

    visit_id: VisitId
    arrival: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class BegunBreak:
    """A break that is over or has begun; ``number`` is its place in ``Shift.breaks``."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Begun:
    """What has begun in a shift: the first stops of its route, in this order, whatever the rules say."""

    shift_id: ShiftId
    stops: tuple[BegunVisit | BegunBreak, ...]
