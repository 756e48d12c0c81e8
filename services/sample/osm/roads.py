"""Streets, freeway and ramps as ways, with signals and turning circles."""

from itertools import pairwise

from services.sample.layout.freeway import NAME, REF
from services.sample.layout.geometry import at, chainages
from services.sample.layout.network import ARTERIALS, Edge, Kind
from services.sample.layout.plan import Plan
from services.sample.layout.skeleton import EAST_BANK, WEST_BANK, Skeleton
from services.sample.osm.drawing import Drawing

_MILES_PER_HOUR = {
    Kind.MOTORWAY: 65,
    Kind.RAMP: 40,
    Kind.PRIMARY: 40,
    Kind.SECONDARY: 35,
    Kind.TERTIARY: 30,
    Kind.RESIDENTIAL: 25,
    Kind.ALLEY: 10,
}


def draw_roads(drawing: Drawing, plan: Plan) -> None:
    """Add every road of the plan; roads share a node where, and only where, one can turn from one into the other."""
    junctions: dict[int, int] = {}
    for run in _runs(plan):
        nodes: list[int] = []
        for edge in run:
            inner = plan.ground.bent_line(edge.points)[1:-1]
            nodes += [] if nodes else [_junction(drawing, plan, junctions, edge.a)]
            nodes += [drawing.node(plan.ground.degrees(point)) for point in inner]
            nodes.append(_junction(drawing, plan, junctions, edge.b))
        first = run[0]
        drawing.way(nodes if first.line.way >= 0 else nodes[::-1], _tags(first, plan.bones))
    for node, edges in plan.network.ends().items():
        if kind := _furniture(edges):
            drawing.tag(junctions[node], {"highway": kind})


def _runs(plan: Plan) -> list[list[Edge]]:
    """Edges joined to ways: one after the other along the same line, with the same tags."""
    runs: list[list[Edge]] = [[plan.network.edges[0]]]
    for before, edge in pairwise(plan.network.edges):
        joined = before.line is edge.line and before.b == edge.a
        if joined and _bridge(before, plan.bones) == _bridge(edge, plan.bones):
            runs[-1].append(edge)
        else:
            runs.append([edge])
    return runs


def _junction(drawing: Drawing, plan: Plan, junctions: dict[int, int], node: int) -> int:
    if node not in junctions:
        point = plan.ground.bent(plan.network.nodes[node])
        junctions[node] = drawing.node(plan.ground.degrees(point))
    return junctions[node]


def _bridge(edge: Edge, bones: Skeleton) -> bool:
    """Everything bridges the river; the arterials bridge the freeway, which itself bridges the riverside roads."""
    middle, _ = at(edge.points, chainages(edge.points), edge.length / 2)
    if edge.line.kind in {Kind.MOTORWAY, Kind.RAMP}:
        return bones.at_river(middle)
    return bones.is_arterial(edge.line) and bones.in_corridor(middle) and edge.line.name not in {WEST_BANK, EAST_BANK}


def _tags(edge: Edge, bones: Skeleton) -> dict[str, str]:
    line = edge.line
    tags = {"highway": line.kind.value, "maxspeed": f"{_MILES_PER_HOUR[line.kind]} mph"}
    if line.name:
        tags["name"] = line.name
    if line.name == NAME:
        tags |= {"ref": REF, "lanes": "2"}
    if line.kind is Kind.ALLEY:
        tags["service"] = "alley"
    if line.way:
        tags["oneway"] = "yes"
    if _bridge(edge, bones):
        tags |= {"bridge": "yes", "layer": "1"}
    return tags


def _furniture(edges: list[Edge]) -> str | None:
    """A signal where arterials cross, a circle where a small street ends."""
    if len(edges) == 1 and edges[0].line.kind is Kind.RESIDENTIAL:
        return "turning_circle"
    arterials = {edge.line.name.split(" ", 1)[-1] for edge in edges if edge.line.kind in ARTERIALS}
    large = any(edge.line.kind in {Kind.PRIMARY, Kind.SECONDARY} for edge in edges)
    return "traffic_signals" if large and len(arterials) > 1 else None
