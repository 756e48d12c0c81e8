"""Refuses a problem that contradicts itself, with a sentence that says where."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np

from services.routing.domain.facts import UNREACHABLE, BegunBreak
from shared.errors import RoundsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.routing.domain.facts import Begun, Break, Shift, Travel, Visit
    from services.routing.domain.prices import Prices
    from services.routing.domain.problem import Problem

MAX_BREAKS = 4
"""Breaks are tried in every combination; four are 16 combinations, and more than any shift has."""


class ProblemError(RoundsError):
    """A planning problem contradicts itself; the message says where and what would be right."""


def validate(problem: Problem) -> None:
    """Check a whole problem.

    Raises:
        ProblemError: something in it contradicts something else.
    """
    _check_prices(problem.prices)
    sites = _check_travel(problem.travel)
    _check_unique("visit", [visit.id for visit in problem.visits])
    _check_unique("shift", [shift.id for shift in problem.shifts])
    for visit in problem.visits:
        _check_visit(visit, sites)
    for shift in problem.shifts:
        _check_shift(shift, sites)
    _check_nurses_times(problem)
    _check_begun(problem)


def _check_unique(what: str, ids: Iterable[object]) -> None:
    seen: set[object] = set()
    for identity in ids:
        if identity in seen:
            message = f"The {what} {identity} is there twice; give each {what} once."
            raise ProblemError(message)
        seen.add(identity)


def _check_prices(prices: Prices) -> None:
    for field in fields(prices):
        value = getattr(prices, field.name)
        if not isinstance(value, int) or value < 0:
            message = f"The price {field.name} is {value!r}; it must be a whole number of cents, 0 or more."
            raise ProblemError(message)


def _check_travel(travel: Travel) -> int:
    """Check both matrices and return the number of sites."""
    for name, matrix in (("seconds", travel.seconds), ("metres", travel.metres)):
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:  # noqa: PLR2004 - a matrix has two dimensions
            message = (
                f"The travel {name} have the shape {matrix.shape}; they must be square, a row and a column a site."
            )
            raise ProblemError(message)
        if matrix.dtype != np.int32:
            message = f"The travel {name} are {matrix.dtype}; they must be int32, UNREACHABLE where no road leads."
            raise ProblemError(message)
        if (matrix < 0).any():
            row, column = (int(i) for i in np.argwhere(matrix < 0)[0])
            message = (
                f"The travel {name} from site {row} to site {column} are negative; use UNREACHABLE where no road leads."
            )
            raise ProblemError(message)
        if np.diagonal(matrix).any():
            site = int(np.flatnonzero(np.diagonal(matrix))[0])
            message = f"The travel {name} from site {site} to itself are not 0."
            raise ProblemError(message)
    if travel.seconds.shape != travel.metres.shape:
        message = (
            f"The travel seconds are {travel.seconds.shape} and the metres {travel.metres.shape}; both need every site."
        )
        raise ProblemError(message)
    holes = (travel.seconds == UNREACHABLE) != (travel.metres == UNREACHABLE)
    if holes.any():
        row, column = (int(i) for i in np.argwhere(holes)[0])
        message = (
            f"From site {row} to site {column} only one of seconds and metres is UNREACHABLE; give both or neither."
        )
        raise ProblemError(message)
    return len(travel.seconds)


def _check_site(what: str, site: int, sites: int) -> None:
    if not 0 <= site < sites:
        message = f"{what} is at site {site}, but the travel matrices have the sites 0 to {sites - 1}."
        raise ProblemError(message)


def _check_visit(visit: Visit, sites: int) -> None:
    name = f"Visit {visit.id}"
    _check_site(name, visit.site, sites)
    if visit.duration_s < 0:
        message = f"{name} has the duration {visit.duration_s} s; it must be 0 or more."
        raise ProblemError(message)
    if not visit.windows:
        message = f"{name} has no time window; give at least one."
        raise ProblemError(message)
    for window in visit.windows:
        if window.closes <= window.opens:
            message = f"{name} has a window that closes at {window.closes}, not after it opens at {window.opens}."
            raise ProblemError(message)
    if visit.leave_out_price is not None and visit.leave_out_price < 0:
        message = f"{name} has the leave-out price {visit.leave_out_price}; it must be 0 or more cents."
        raise ProblemError(message)
    if any(not options for options in visit.licence_options):
        message = f"{name} asks for one licence out of none; name the kinds, or leave the entry out."
        raise ProblemError(message)
    if visit.licence_options and not visit.state:
        message = f"{name} asks for a licence but names no state; say where the visit takes place."
        raise ProblemError(message)
    if visit.preferred_nurses & visit.excluded_nurses:
        nurse = min(visit.preferred_nurses & visit.excluded_nurses)
        message = f"{name} both prefers and excludes nurse {nurse}; keep one of the two."
        raise ProblemError(message)


def _check_shift(shift: Shift, sites: int) -> None:
    name = f"Shift {shift.id}"
    _check_site(f"{name} starts and", shift.start_site, sites)
    _check_site(f"{name} ends and", shift.end_site, sites)
    if shift.end <= shift.start:
        message = f"{name} ends at {shift.end}, not after its start at {shift.start}."
        raise ProblemError(message)
    if shift.max_duty_s is not None and shift.max_duty_s <= 0:
        message = f"{name} has the longest duty {shift.max_duty_s} s; it must be more than 0, or None."
        raise ProblemError(message)
    if len(shift.breaks) > MAX_BREAKS:
        message = f"{name} has {len(shift.breaks)} breaks; at most {MAX_BREAKS} can be planned."
        raise ProblemError(message)
    for pause in shift.breaks:
        _check_break(name, pause, shift)
    if not any(_follow_one_another(order) for order in permutations(shift.breaks)):
        message = f"{name} has breaks that cannot be taken one after another; widen their windows."
        raise ProblemError(message)


def _check_break(name: str, pause: Break, shift: Shift) -> None:
    if pause.duration_s <= 0:
        message = f"{name} has a break of {pause.duration_s} s; it must be longer than 0."
        raise ProblemError(message)
    if pause.latest_end - pause.earliest_start < pause.duration_s:
        message = (
            f"{name} has a break of {pause.duration_s} s between {pause.earliest_start} and {pause.latest_end}; "
            "it does not fit in there."
        )
        raise ProblemError(message)
    if pause.earliest_start < shift.start or pause.latest_end > shift.end:
        message = f"{name} has a break between {pause.earliest_start} and {pause.latest_end}, outside the shift."
        raise ProblemError(message)


def _follow_one_another(breaks: tuple[Break, ...]) -> bool:
    free = min((pause.earliest_start for pause in breaks), default=0)
    for pause in breaks:
        free = max(free, pause.earliest_start) + pause.duration_s
        if free > pause.latest_end:
            return False
    return True


def _check_nurses_times(problem: Problem) -> None:
    for one, next_one in pairwise(sorted(problem.shifts, key=lambda shift: (shift.nurse_id, shift.start))):
        if one.nurse_id == next_one.nurse_id and next_one.start < one.end:
            message = (
                f"Shifts {one.id} and {next_one.id} of nurse {one.nurse_id} overlap; a nurse is at one place at a time."
            )
            raise ProblemError(message)


def _check_begun(problem: Problem) -> None:
    _check_unique("record of what has begun in shift", [begun.shift_id for begun in problem.begun])
    visits: list[object] = []
    for begun in problem.begun:
        if begun.shift_id not in problem.shift:
            message = f"Something has begun in shift {begun.shift_id}, which is not among the shifts."
            raise ProblemError(message)
        visits += _begun_visits(problem, begun)
        _check_begun_breaks(problem, begun)
        for one, next_one in pairwise(begun.stops):
            if next_one.start < one.start:
                message = f"What has begun in shift {begun.shift_id} is not in the order of its starts."
                raise ProblemError(message)
    _check_unique("begun visit", visits)


def _begun_visits(problem: Problem, begun: Begun) -> list[object]:
    visits: list[object] = []
    for stop in begun.stops:
        if isinstance(stop, BegunBreak):
            continue
        if stop.visit_id not in problem.visit:
            message = f"Visit {stop.visit_id} has begun in shift {begun.shift_id} but is not among the visits."
            raise ProblemError(message)
        if not stop.arrival <= stop.start <= stop.end:
            message = f"The begun visit {stop.visit_id} must arrive, start and end in this order."
            raise ProblemError(message)
        visits.append(stop.visit_id)
    return visits


def _check_begun_breaks(problem: Problem, begun: Begun) -> None:
    known = len(problem.shift[begun.shift_id].breaks)
    breaks = [stop for stop in begun.stops if isinstance(stop, BegunBreak)]
    _check_unique(f"begun break of shift {begun.shift_id}", [stop.number for stop in breaks])
    for stop in breaks:
        if not 0 <= stop.number < known:
            message = f"Break {stop.number} has begun in shift {begun.shift_id}, which has {known} breaks."
            raise ProblemError(message)
        if stop.end < stop.start:
            message = f"The begun break {stop.number} of shift {begun.shift_id} ends before it starts."
            raise ProblemError(message)
