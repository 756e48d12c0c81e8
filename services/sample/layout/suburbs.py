"""Districts of winding streets: collectors from arterial to arterial, and lanes that mostly end in a circle."""

import math
from collections.abc import Iterator, Sequence
from random import Random

from services.sample.layout.geometry import Point, SegmentIndex, ahead, at, chainages, clip, inside, nearest_on
from services.sample.layout.names import StreetNames
from services.sample.layout.network import Kind, Line

_SPACING = 330.0  # metres between collectors
_CLEARANCE = 52.0  # metres a lane keeps from every other street: two gardens deep
_STEP = 18.0
_JOIN_SHARE = 0.45  # of the lanes that meet another street join it


def suburb_lines(ring: Sequence[Point], around: Sequence[Line], names: StreetNames, rng: Random) -> list[Line]:
    """Streets that fill the district `ring` between the streets `around` it."""
    taken = SegmentIndex()
    for line in around:
        taken.add(line.points)
    spines = list(_spines(ring, names, rng))
    for spine in spines:
        taken.add(spine.points)
    lines = list(spines)
    for spine in spines:
        for lane in _lanes(spine, ring, taken, rng):
            taken.add(lane)
            lines.append(Line(names.lane(rng), Kind.RESIDENTIAL, lane))
    return lines


def _spines(ring: Sequence[Point], names: StreetNames, rng: Random) -> Iterator[Line]:
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    middle = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    tilt = (0.0 if wide > high else math.pi / 2) + rng.uniform(-0.12, 0.12)
    breadth = min(wide, high)
    count = max(1, round(breadth / _SPACING) - 1)
    for k in range(count):
        offset = (k + 1) / (count + 1) * breadth - breadth / 2
        base = ahead(middle, tilt + math.pi / 2, offset)
        swing, phase, length = rng.uniform(25, 55), rng.uniform(0, 2 * math.pi), rng.uniform(600, 1000)
        wave = [
            ahead(ahead(base, tilt, s), tilt + math.pi / 2, swing * math.sin(2 * math.pi * s / length + phase))
            for s in range(-1500, 1501, 30)
        ]
        pieces = [piece for piece in clip(wave, ring) if chainages(piece)[-1] > 4 * _CLEARANCE]
        if pieces:
            yield Line(names.collector(rng), Kind.RESIDENTIAL, max(pieces, key=lambda p: chainages(p)[-1]))


def _lanes(spine: Line, ring: Sequence[Point], taken: SegmentIndex, rng: Random) -> Iterator[list[Point]]:
    reached = chainages(spine.points)
    for side in (1, -1):
        along = rng.uniform(60, 110)
        while along < reached[-1] - 55:
            start, direction = at(spine.points, reached, along)
            lane = _grown(start, direction + side * (math.pi / 2 + rng.uniform(-0.2, 0.2)), ring, taken, rng)
            if lane:
                yield lane
            along += rng.uniform(95, 135)


def _grown(
    start: Point, direction: float, ring: Sequence[Point], taken: SegmentIndex, rng: Random
) -> list[Point] | None:
    """A lane from `start` that bends a little, until it is long enough or comes near something."""
    target, bend = rng.uniform(110, 300), rng.uniform(-0.07, 0.07)
    lane, travelled = [start], 0.0
    while travelled < target:
        point = ahead(lane[-1], direction, _STEP)
        travelled += _STEP
        if not inside(point, ring):
            break
        if travelled > _CLEARANCE + _STEP and (close := list(taken.near(point, _CLEARANCE))):
            if rng.random() < _JOIN_SHARE:
                _, segment, _ = min(close)
                lane.append(nearest_on(segment, point))
                return lane
            break
        lane.append(point)
        direction += bend
    return lane if travelled > _CLEARANCE + 2 * _STEP else None
