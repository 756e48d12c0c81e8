"""The process that holds OSRM: reads requests from standard input, one after the other, and answers on standard output.

The binding keeps the GIL while it computes, so it has a process of its own. It ends when its input ends, which is
also what happens when its parent is killed. A frame is eight bytes of length and a pickle.
"""

import os
import pickle
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from osrm.osrm_ext import OSRM, NearestParameters, RouteParameters, TableParameters

LENGTH = struct.Struct("!Q")
UNROUTABLE = -1
"""Stands for a pair without a road between this process and its parent."""

Coordinates = list[tuple[float, float]]
"""Longitude and latitude, as OSRM wants them."""

NARROW = 3
"""Up to so many rows (or columns) are cheaper searched one by one than by OSRM's many-to-many search."""
BATCH = 64
"""Targets of a one-to-many search: its cost grows with nodes settled × targets, so near ones go together."""
MOST_CELLS = 250_000
"""Of one table search: OSRM's answer takes some 200 bytes a cell before it becomes numbers."""


class Engines:
    """One OSRM engine for each area's graph; an area that was built again gets a new one."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[str, OSRM]] = {}

    def get(self, base: str, version: str) -> OSRM:
        """Return the engine of a graph, opened when it is first asked for."""
        opened = self._open.get(base)
        if opened is None or opened[0] != version:
            opened = (version, _open_engine(base))
            self._open[base] = opened
        return opened[1]


def table(engine: OSRM, origins: Coordinates, destinations: Coordinates) -> dict[str, NDArray[Any]]:
    """Return ``seconds`` and ``metres`` (int32 [origins, destinations]) and how far each place is from its road."""
    shape = (len(origins), len(destinations))
    result: dict[str, NDArray[Any]] = {
        "seconds": np.zeros(shape, dtype=np.int32),
        "metres": np.zeros(shape, dtype=np.int32),
        "origin_gaps": np.zeros(shape[0]),
        "destination_gaps": np.zeros(shape[1]),
    }
    for rows, columns in tiles(origins, destinations):
        tile = np.ix_(rows, columns)
        answer = _ask_table(engine, [origins[i] for i in rows], [destinations[i] for i in columns])
        result["seconds"][tile] = _whole_numbers(answer["durations"])
        result["metres"][tile] = _whole_numbers(answer["distances"])
        result["origin_gaps"][rows] = [place["distance"] for place in answer["sources"]]
        result["destination_gaps"][columns] = [place["distance"] for place in answer["destinations"]]
    return result


def tiles(origins: Coordinates, destinations: Coordinates) -> Iterator[tuple[list[int], list[int]]]:
    """Cut a table into the parts that OSRM is asked for, as indices of rows and columns."""
    if len(origins) <= NARROW:
        yield from (([row], columns) for row in range(len(origins)) for columns in _batches(destinations))
    elif len(destinations) <= NARROW:
        yield from ((rows, [column]) for column in range(len(destinations)) for rows in _batches(origins))
    else:
        height = max(1, MOST_CELLS // len(destinations))
        for first in range(0, len(origins), height):
            yield list(range(first, min(first + height, len(origins)))), list(range(len(destinations)))


def route(engine: OSRM, points: Coordinates) -> dict[str, Any] | None:
    """Return the way through the points as a polyline of six digits, seconds and metres by leg; None without a road."""
    parameters = RouteParameters(
        coordinates=points, geometries="polyline6", overview="full", continue_straight=False, generate_hints=False
    )
    try:
        answer = engine.Route(parameters)
    except RuntimeError as error:
        if str(error).startswith("NoRoute"):
            return None
        raise
    best = answer["routes"][0]
    return {
        "polyline": best["geometry"],
        "seconds": [round(leg["duration"]) for leg in best["legs"]],
        "metres": [round(leg["distance"]) for leg in best["legs"]],
    }


def nearest(engine: OSRM, points: Coordinates) -> dict[str, float]:
    """Return the place on a road that is nearest to the first point, and the metres between."""
    waypoint = engine.Nearest(NearestParameters(coordinates=points))["waypoints"][0]
    lon, lat = waypoint["location"]
    return {"lat": lat, "lon": lon, "metres": waypoint["distance"]}


OPERATIONS: dict[str, Callable[..., Any]] = {"table": table, "route": route, "nearest": nearest}


def answer(engines: Engines, request: tuple[int, str, str, str, tuple[Any, ...]]) -> tuple[int, bool, Any]:
    """Return (number, True, result) or (number, False, why not)."""
    number, operation, base, version, arguments = request
    try:
        return number, True, OPERATIONS[operation](engines.get(base, version), *arguments)
    except Exception as error:  # noqa: BLE001 - the parent is told, whatever it is; this process must go on
        return number, False, str(error) or type(error).__name__


def main() -> None:
    """Serve until the input ends."""
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not fall among the answers
    engines = Engines()
    while (frame := _read_frame(sys.stdin.buffer)) is not None:
        reply = pickle.dumps(answer(engines, pickle.loads(frame)), pickle.HIGHEST_PROTOCOL)  # noqa: S301 - our parent
        replies.write(LENGTH.pack(len(reply)) + reply)
        replies.flush()


def _read_frame(stream: BinaryIO) -> bytes | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None


def _open_engine(base: str) -> OSRM:
    return OSRM(
        algorithm="MLD",
        storage_config=base,
        use_shared_memory=False,
        use_mmap=True,
        max_locations_distance_table=-1,
        max_locations_viaroute=-1,
    )


def _ask_table(engine: OSRM, origins: Coordinates, destinations: Coordinates) -> Any:  # noqa: ANN401 - untyped
    rows, columns = len(origins), len(destinations)
    parameters = TableParameters(
        coordinates=[*origins, *destinations],
        sources=list(range(rows)),
        destinations=list(range(rows, rows + columns)),
        annotations=["duration", "distance"],
        generate_hints=False,
    )
    return engine.Table(parameters)


def _whole_numbers(rows: Sequence[Sequence[float | None]]) -> NDArray[np.int32]:
    return np.rint([[UNROUTABLE if value is None else value for value in row] for row in rows]).astype(np.int32)


def _batches(points: Coordinates) -> list[list[int]]:
    """Return the points' indices in batches of neighbours: along Morton's curve over the map."""
    where = np.asarray(points).reshape(-1, 2)
    span = np.ptp(where, axis=0) if points else 1.0
    cells = ((where - where.min(axis=0, initial=180.0)) / np.where(span > 0, span, 1.0) * 1023).astype(np.int64)
    curve = np.zeros(len(points), dtype=np.int64)
    for bit in range(10):
        for axis in (0, 1):
            curve |= ((cells[:, axis] >> bit) & 1) << (2 * bit + axis)
    order: list[int] = np.argsort(curve, kind="stable").tolist()
    return [order[first : first + BATCH] for first in range(0, len(order), BATCH)]


if __name__ == "__main__":
    main()
