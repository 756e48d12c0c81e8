"""Collects nodes and ways and writes them as a `.osm.pbf`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import osmium
from osmium.osm import mutable

type Tags = Mapping[str, str]
type Degrees = tuple[float, float]  # longitude, latitude


class Drawing:
    """An OpenStreetMap extract in the making. Ids count up from 1 in the order of drawing; there are no time stamps."""

    def __init__(self) -> None:
        self._nodes: list[tuple[Degrees, dict[str, str]]] = []
        self._ways: list[tuple[list[int], Tags]] = []

    def node(self, place: Degrees, tags: Tags | None = None) -> int:
        """Add a node and return its id."""
        self._nodes.append((place, dict(tags or {})))
        return len(self._nodes)

    def tag(self, node: int, tags: Tags) -> None:
        """Add tags to the node with that id."""
        self._nodes[node - 1][1].update(tags)

    def way(self, nodes: Sequence[int], tags: Tags) -> None:
        """Add a way through nodes with these ids."""
        self._ways.append((list(nodes), tags))

    def ring(self, places: Sequence[Degrees], tags: Tags) -> None:
        """Add a closed way with nodes of its own."""
        nodes = [self.node(place) for place in places]
        self.way([*nodes, nodes[0]], tags)

    def write(self, target: Path) -> None:
        """Write the extract to `target`, over what is there. The same drawing gives the same bytes.

        Raises:
            OSError: the file cannot be written (no such folder, no right, disk full).
        """
        target.touch()  # the writer's own error for a missing folder is a bare RuntimeError
        writer = osmium.SimpleWriter(osmium.io.File(target, "pbf"), overwrite=True, header=self._header())
        try:
            for number, (place, tags) in enumerate(self._nodes, start=1):
                writer.add_node(mutable.Node(id=number, location=place, tags=tags))
            for number, (nodes, way_tags) in enumerate(self._ways, start=1):
                writer.add_way(mutable.Way(id=number, nodes=nodes, tags=way_tags))
        finally:
            writer.close()

    def _header(self) -> osmium.io.Header:
        header = osmium.io.Header()
        header.set("generator", "rounds sample city")
        longitudes = [longitude for (longitude, _), _ in self._nodes]
        latitudes = [latitude for (_, latitude), _ in self._nodes]
        bounds = osmium.osm.Box(min(longitudes), min(latitudes), max(longitudes), max(latitudes))
        header.add_box(bounds)
        return header
