"""The time between two visits: a drive that breaks may interrupt, and where each break goes.

Breaks have no place of their own, so a drive fills the time around them. ``finish`` says how soon both are over;
``lay_out`` then puts the breaks where they disturb least without being any later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.routing.domain.problem import Break

NEVER = 2**62
"""Later than any instant: what cannot be done is over at this time."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A drive."""

    seconds: int
    metres: int


@dataclass(frozen=True, slots=True)
class Pause:
    """A break with its times; ``drive_s`` seconds of driving since the stop before end at ``arrival``."""

    drive_s: int
    arrival: int
    start: int
    end: int


def finish(begin: int, drive_s: int, breaks: Sequence[Break]) -> int:
    """Return when the drive and the breaks, in this order, can both be over; NEVER if a break would end too late.

    Each break is taken as soon as it may be; the drive fills what time is left before, between and after them.
    """
    free = begin
    busy = drive_s
    for pause in breaks:
        free = max(free, pause.earliest_start) + pause.duration_s
        if free > pause.latest_end:
            return NEVER
        busy += pause.duration_s
    return max(free, begin + busy)


def lay_out(begin: int, drive_s: int, breaks: Sequence[Break], limit: int) -> list[Pause]:
    """Place the breaks between ``begin`` and ``limit``, each after as much of the drive as its window allows.

    ``limit`` is ``finish(begin, drive_s, breaks)`` or later. What remains of the drive comes after the last break.
    """
    latest_starts: list[int] = []
    bound = limit
    for pause in reversed(breaks):
        bound = min(bound, pause.latest_end) - pause.duration_s
        latest_starts.append(bound)
    pauses: list[Pause] = []
    at, remaining = begin, drive_s
    for pause, latest in zip(breaks, reversed(latest_starts), strict=True):
        part = min(remaining, latest - at)
        start = max(at + part, pause.earliest_start)
        pauses.append(Pause(part, at + part, start, start + pause.duration_s))
        at, remaining = start + pause.duration_s, remaining - part
    return pauses


def lay_out_late(begin: int, drive_s: int, breaks: Sequence[Break], limit: int) -> list[Pause]:
    """Place the breaks with as much of the drive as possible after each, every part of it as late as possible.

    What remains of the drive ends at ``limit``.
    """
    earliest_ends: list[int] = []
    bound = begin
    for pause in breaks:
        bound = max(bound, pause.earliest_start) + pause.duration_s
        earliest_ends.append(bound)
    times: list[tuple[int, int, int]] = []
    at, remaining = limit, drive_s
    for pause, earliest in zip(reversed(breaks), reversed(earliest_ends), strict=True):
        part = min(remaining, at - earliest)
        end = min(at - part, pause.latest_end)
        times.append((end - pause.duration_s, end, part))
        at, remaining = end - pause.duration_s, remaining - part
    pauses: list[Pause] = []
    before = remaining
    for start, end, after in reversed(times):
        pauses.append(Pause(before, start, start, end))
        before = after
    return pauses
