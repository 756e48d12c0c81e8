"""The finished street network: all lines joined, thinned where they crowd, and drivable from anywhere to anywhere."""

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from random import Random

from services.sample.layout.geometry import SegmentIndex, at, chainages, heading, inside
from services.sample.layout.network import Edge, Kind, Line, Network, planar
from services.sample.layout.parks import Park

_CROWDED = 42.0  # metres: a street this close beside an arterial is left out
_PARALLEL = math.radians(35)
_STUB = 48.0  # metres: a shorter dead end is left out
_MISSING_SHARE = 0.05  # of the blocks' sides in grids, so that not every street runs through


def streets(arterials: Sequence[Line], fill: Sequence[Line], parks: Sequence[Park], rng: Random) -> Network:
    """Join arterials and the districts' streets into one strongly connected network."""
    whole = planar([*arterials, *fill])
    near_arterials = SegmentIndex()
    for line in arterials:
        if line.kind is not Kind.EDGE:
            near_arterials.add(line.points)
    names = {line.name for line in arterials}
    kept = [edge for edge in whole.edges if edge.line.name in names or _wanted(edge, near_arterials, parks, rng)]
    drivable = [edge for edge in kept if edge.line.kind is not Kind.EDGE]
    return connected(Network(whole.nodes, _without_stubs(drivable)))


def _wanted(edge: Edge, near_arterials: SegmentIndex, parks: Sequence[Park], rng: Random) -> bool:
    """Whether a local street's stretch stays: not in a park, not right beside an arterial, and luck."""
    middle, direction = at(edge.points, chainages(edge.points), edge.length / 2)
    if any(inside(middle, park.ring) for park in parks):
        return False
    for _, (a, b), _ in near_arterials.near(middle, _CROWDED):
        turn = abs(heading(a, b) - direction) % math.pi
        if min(turn, math.pi - turn) < _PARALLEL:
            return False
    return not (edge.line.gaps and rng.random() < _MISSING_SHARE)


def _without_stubs(edges: Iterable[Edge]) -> list[Edge]:
    """Drop short dead ends until there are none."""
    kept = list(edges)
    while True:
        degree: dict[int, int] = defaultdict(int)
        for edge in kept:
            degree[edge.a] += 1
            degree[edge.b] += 1
        longer = [e for e in kept if e.length >= _STUB or min(degree[e.a], degree[e.b]) > 1]
        if len(longer) == len(kept):
            return kept
        kept = longer


def connected(network: Network) -> Network:
    """The part of `network` in which every junction can be reached from every other, one-ways respected."""
    links: list[tuple[int, int]] = []
    for edge in network.edges:
        if edge.line.way >= 0:
            links.append((edge.a, edge.b))
        if edge.line.way <= 0:
            links.append((edge.b, edge.a))
    ends = network.ends()
    start = max(ends, key=lambda node: (len(ends[node]), -node))
    both = _reached(start, links) & _reached(start, [(b, a) for a, b in links])
    return Network(network.nodes, [e for e in network.edges if e.a in both and e.b in both])


def _reached(start: int, links: Iterable[tuple[int, int]]) -> set[int]:
    following = defaultdict(list)
    for a, b in links:
        following[a].append(b)
    seen, waiting = {start}, deque([start])
    while waiting:
        for node in following[waiting.popleft()]:
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen
