"""Problems to plan in tests and benchmarks: small ones by hand, large ones by seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any
from uuid import UUID

import numpy as np

from services.routing.domain.problem import (
    Begun,
    Break,
    Prices,
    Problem,
    Shift,
    Travel,
    Visit,
    Window,
)
from shared.events.ids import NurseId, ShiftId, VisitId
from shared.events.values import Priority

MINUTE = 60
HOUR = 3600
DAY = 1_795_000_000 // 86_400 * 86_400
"""Midnight UTC of an arbitrary day."""


def at(hour: float) -> int:
    """Return the instant ``hour`` hours into the day."""
    return DAY + round(hour * HOUR)


def visit_id(number: int) -> VisitId:
    return VisitId(UUID(int=1_000_000 + number))


def shift_id(number: int) -> ShiftId:
    return ShiftId(UUID(int=2_000_000 + number))


def nurse_id(number: int) -> NurseId:
    return NurseId(UUID(int=3_000_000 + number))


def line_travel(sites: int, leg_s: int = 10 * MINUTE, leg_m: int = 6_000) -> Travel:
    """Return a road with sites in a row, ``leg_s`` and ``leg_m`` from each to the next."""
    steps = np.abs(np.subtract.outer(np.arange(sites), np.arange(sites))).astype(np.int32)
    return Travel(steps * np.int32(leg_s), steps * np.int32(leg_m))


def a_visit(number: int, site: int, window: tuple[float, float] = (8, 16), **changes: Any) -> Visit:
    """Return a visit of 20 minutes; ``window`` in hours of the day."""
    opens, closes = window
    plain = Visit(visit_id(number), site, 20 * MINUTE, (Window(at(opens), at(closes)),))
    return replace(plain, **changes)


def a_shift(number: int, site: int = 0, hours: tuple[float, float] = (8, 16), **changes: Any) -> Shift:
    """Return a shift from ``site`` and back; ``hours`` of the day."""
    start, end = hours
    plain = Shift(shift_id(number), nurse_id(number), at(start), at(end), site, site)
    return replace(plain, **changes)


def a_break(minutes: int, earliest_start: float, latest_end: float) -> Break:
    """Return a break between two hours of the day."""
    return Break(minutes * MINUTE, at(earliest_start), at(latest_end))


def a_day(
    visits: Sequence[Visit],
    shifts: Sequence[Shift],
    travel: Travel | None = None,
    **changes: Any,
) -> Problem:
    """Return a problem on a road with six sites in a row, ten minutes and 6 km apart."""
    plain = Problem(tuple(visits), tuple(shifts), travel or line_travel(6))
    return replace(plain, **changes)


@dataclass(frozen=True)
class Sizes:
    """How a random day is made up."""

    visits: int
    nurses: int
    breaks: bool = True
    tight: bool = False
    wishes: bool = True


def random_day(sizes: Sizes, seed: int, *, now: int = 0, begun: tuple[Begun, ...] = ()) -> Problem:
    """Return a day in a city of 20 by 20 km: mixed skills, shifts, windows, breaks and wishes."""
    random = Random(seed)  # noqa: S311 - a test's dice
    shifts = tuple(_random_shift(random, number, sizes) for number in range(sizes.nurses))
    visits = tuple(_random_visit(random, number, sizes) for number in range(sizes.visits))
    return Problem(visits, shifts, _random_travel(seed, sizes.nurses + sizes.visits), Prices(), begun, now)


def _random_travel(seed: int, sites: int) -> Travel:
    generator = np.random.default_rng(seed)
    places = generator.uniform(0, 20_000, (sites, 2))
    metres = 1.3 * np.hypot(*(places[:, None, :] - places[None, :, :]).transpose(2, 0, 1))
    noise = generator.uniform(1.0, 1.1, metres.shape)
    seconds = metres * noise / 9.5 + 60
    np.fill_diagonal(seconds, 0)
    return Travel(seconds.astype(np.int32), metres.astype(np.int32))


def _random_shift(random: Random, number: int, sizes: Sizes) -> Shift:
    start = at(random.choice([7, 8, 8, 9, 12]))
    skills = random.choice([{"injection"}, {"venipuncture"}, {"injection", "venipuncture"}])
    kind = "RN" if len(skills) > 1 else random.choice(["RN", "LVN"])
    noon = start + 4 * HOUR
    return Shift(
        id=shift_id(number),
        nurse_id=nurse_id(number),
        start=start,
        end=start + random.choice([6, 8, 8, 8]) * HOUR,
        start_site=number,
        end_site=number,
        skills=frozenset(skills),
        licences=frozenset({f"{kind}:OH"}),
        breaks=(Break(30 * MINUTE, noon - 1 * HOUR, noon + 90 * MINUTE),) if sizes.breaks else (),
        max_duty_s=7 * HOUR if sizes.tight and random.random() < 0.3 else None,
    )


def _random_visit(random: Random, number: int, sizes: Sizes) -> Visit:
    kind = random.random()
    if kind < 0.3:
        windows = [Window(at(7), at(20))]
    elif kind < 0.9:
        opens = at(random.randrange(14, 34) / 2)
        windows = [Window(opens, opens + random.choice([2, 3, 4]) * HOUR)]
    else:
        windows = [Window(at(8), at(10)), Window(at(14), at(17))]
    wish = random.random()
    nurse = nurse_id(random.randrange(max(1, sizes.nurses)))
    return Visit(
        id=visit_id(number),
        site=sizes.nurses + number,
        duration_s=random.choice([15, 20, 25, 35]) * MINUTE,
        windows=tuple(windows),
        skills=frozenset({random.choice(["injection", "venipuncture"])}),
        licence_options=(frozenset({"RN", "LVN"}),) if random.random() < 0.7 else (frozenset({"RN"}),),
        state="OH",
        priority=random.choice([*[Priority.ROUTINE] * 8, Priority.URGENT, Priority.ASAP, Priority.STAT]),
        preferred_nurses=frozenset({nurse}) if sizes.wishes and wish < 0.2 else frozenset(),
        excluded_nurses=frozenset({nurse}) if sizes.wishes and wish > 0.95 else frozenset(),
    )
