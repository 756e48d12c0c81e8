from services.sample.layout.geometry import area
from services.sample.layout.network import Edge, Kind, Line, Network, faces, planar
from services.sample.layout.streets import connected


def street(name: str, *points: tuple[float, float], start: float = 0.0, way: int = 0) -> Line:
    return Line(name, Kind.RESIDENTIAL, points, start, way)


def ends(network: Network, name: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [(network.nodes[e.a], network.nodes[e.b]) for e in network.edges if e.line.name == name]


def test_lines_that_cross_are_cut_and_share_the_junction() -> None:
    network = planar([street("a", (0, 0), (100, 0), start=30), street("b", (40, -50), (40, 50))])
    assert ends(network, "a") == [((0, 0), (40, 0)), ((40, 0), (100, 0))]
    assert ends(network, "b") == [((40, -50), (40, 0)), ((40, 0), (40, 50))]
    assert len(network.nodes) == 5
    assert [edge.start for edge in network.edges if edge.line.name == "a"] == [30, 70]


def test_a_line_that_ends_on_another_is_joined_to_it() -> None:
    network = planar([street("a", (0, 0), (100, 0)), street("b", (40, 0.1), (40, 50))])
    assert len(ends(network, "a")) == 2
    assert len(network.nodes) == 4


def test_a_bent_line_keeps_its_corners_between_junctions() -> None:
    network = planar([street("a", (0, 0), (50, 0), (50, 50)), street("b", (20, -9), (20, 9))])
    assert [edge.points for edge in network.edges if edge.line.name == "a"] == [
        ((0, 0), (20, 0)),
        ((20, 0), (50, 0), (50, 50)),
    ]


def test_faces_are_the_blocks_between_streets() -> None:
    lines = [street(f"across {y}", (0, y), (200, y)) for y in (0, 100)]
    lines += [street(f"up {x}", (x, 0), (x, 100)) for x in (0, 80, 200)]
    assert sorted(area(ring) for ring in faces(planar(lines))) == [8_000, 12_000]


def test_a_street_that_can_only_be_left_is_not_part_of_the_network() -> None:
    loop = street("loop", (0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
    out = street("one way out", (50, -80), (50, 0), way=1)
    lane = street("lane", (100, 50), (180, 50))
    kept = connected(planar([loop, out, lane]))
    assert {edge.line.name for edge in kept.edges} == {"loop", "lane"}


def test_the_length_of_an_edge_follows_its_bends() -> None:
    assert Edge(0, 1, ((0, 0), (30, 0), (30, 40)), street("a"), 0.0).length == 70
