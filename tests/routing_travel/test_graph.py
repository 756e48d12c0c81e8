from pathlib import Path

import osmium
import pytest
from osmium.osm.mutable import Node

from services.routing.travel import graph
from services.routing.travel.graph import GraphError, build_graph
from services.routing.travel.graphs import AreaGraphs
from services.routing.travel.port import TravelError
from shared.events.ids import AreaId
from tests.routing_travel.conftest import Town


def test_progress_goes_up_and_ends_at_one(town: Town, tmp_path: Path) -> None:
    steps: list[tuple[str, float]] = []
    summary = build_graph(town.extract, tmp_path / "graph", lambda what, share: steps.append((what, share)))
    shares = [share for _, share in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(what.startswith("Road graph") for what, _ in steps)
    assert summary.size_bytes == sum(file.stat().st_size for file in (tmp_path / "graph").iterdir())


def test_a_graph_that_is_there_is_replaced(town: Town, tmp_path: Path) -> None:
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph" / "old").touch()
    build_graph(town.extract, tmp_path / "graph", lambda *_: None)
    assert not (tmp_path / "graph" / "old").exists()
    assert (tmp_path / "graph" / "area.osrm.mldgr").exists()


@pytest.mark.parametrize("content", [b"", b"this is no map", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\xff\x01"])
def test_a_damaged_extract_is_named_with_the_remedy(content: bytes, tmp_path: Path) -> None:
    extract = tmp_path / "bad.osm.pbf"
    extract.write_bytes(content)
    with pytest.raises(GraphError, match=r"bad\.osm\.pbf cannot be read as an OpenStreetMap extract .* Download it"):
        build_graph(extract, tmp_path / "graph", lambda *_: None)


def test_an_extract_cut_short_is_a_damaged_one(town: Town, tmp_path: Path) -> None:
    extract = tmp_path / "short.osm.pbf"
    extract.write_bytes(town.extract.read_bytes()[:-20])
    with pytest.raises(GraphError, match=r"short\.osm\.pbf cannot be read"):
        build_graph(extract, tmp_path / "graph", lambda *_: None)


def test_an_extract_without_roads_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    extract = tmp_path / "sea.osm.pbf"
    with osmium.SimpleWriter(str(extract)) as writer:
        writer.add_node(Node(id=1, location=(-83.0, 40.0)))
    with pytest.raises(GraphError, match="holds no road that a car may use"):
        build_graph(extract, tmp_path / "graph", lambda *_: None)
    assert list(tmp_path.iterdir()) == [extract]


def test_a_failed_build_leaves_the_graph_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "graph").mkdir()
    (tmp_path / "graph" / "area.osrm.mldgr").touch()
    extract = tmp_path / "bad.osm.pbf"
    extract.touch()
    with pytest.raises(GraphError):
        build_graph(extract, tmp_path / "graph", lambda *_: None)
    assert (tmp_path / "graph" / "area.osrm.mldgr").exists()


def test_a_full_disk_is_named(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "osrm" / "bin"
    tools.mkdir(parents=True)
    (tools / "osrm-extract").write_text("#!/bin/sh\necho '[error] write failed: No space left on device'\nexit 1\n")
    (tools / "osrm-extract").chmod(0o755)
    monkeypatch.setattr(graph, "osrm_home", lambda: tmp_path / "osrm")
    with pytest.raises(GraphError, match="disk filled up"):
        build_graph(town.extract, tmp_path / "graph", lambda *_: None)


def test_a_graph_s_version_changes_with_every_build_of_its_area(tmp_path: Path) -> None:
    manifest = tmp_path / "areas" / "town" / "area.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    graphs = AreaGraphs(tmp_path)
    before = graphs(AreaId("town"))
    assert before.base == str(tmp_path / "areas" / "town" / "graph" / "area.osrm")
    assert graphs(AreaId("town")) == before
    (tmp_path / "again.json").write_text("{}")
    (tmp_path / "again.json").replace(manifest)
    assert graphs(AreaId("town")).version != before.version


def test_an_area_that_was_never_built_is_a_travel_error(tmp_path: Path) -> None:
    with pytest.raises(TravelError, match="no map of the area atlantis"):
        AreaGraphs(tmp_path)(AreaId("atlantis"))
