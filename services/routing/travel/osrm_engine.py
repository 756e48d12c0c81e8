"""The parent's side of the OSRM process: asks it without blocking the event loop, starts it again when it has died."""

import asyncio
import contextlib
import itertools
import pickle
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from services.routing.travel.graphs import Graph
from services.routing.travel.port import UNREACHABLE, Point, TravelError

LENGTH = struct.Struct("!Q")
"""Of a frame on the pipes; osrm_child.py has the same."""
GRACE_SECONDS = 5.0
"""How long a child may take to leave once its input has ended."""


@dataclass(frozen=True, eq=False, slots=True)
class RoadTable:
    """Driving times by road.

    Attributes:
        seconds: int32 [origins, destinations], UNREACHABLE where no road leads.
        metres: int32 of the same shape.
        origin_gaps: metres from each origin to the road it was put on.
        destination_gaps: the same for destinations.
    """

    seconds: NDArray[np.int32]
    metres: NDArray[np.int32]
    origin_gaps: NDArray[np.float64]
    destination_gaps: NDArray[np.float64]

    @classmethod
    def empty(cls, rows: int, columns: int) -> "RoadTable":
        """Return a table of zeros to be filled."""
        zeros = np.zeros((rows, columns), dtype=np.int32)
        return cls(zeros, zeros.copy(), np.zeros(rows), np.zeros(columns))


@dataclass(frozen=True, slots=True)
class Way:
    """A way over streets through some points.

    Attributes:
        polyline: encoded with six digits.
        seconds: by leg.
        metres: by leg.
    """

    polyline: str
    seconds: tuple[int, ...]
    metres: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Snap:
    """The place on a road that is nearest to a point, and how many metres lie between."""

    point: Point
    metres: float


class OsrmEngine:
    """OSRM in a process of its own, for any number of graphs.

    Questions are answered one after the other. One that is under way when the process dies fails with TravelError;
    the next one starts a new process.

    Args:
        timeout: seconds for an answer, waiting for earlier ones included; then the process is taken for stuck.
    """

    def __init__(self, timeout: float = 120.0) -> None:
        self._timeout = timeout
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[Process, asyncio.Future[Any]]] = {}
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that answers now, if there is one."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start the process now; without this the first question does."""
        await self._running()

    async def stop(self) -> None:
        """End the process; questions under way fail with TravelError."""
        async with self._starting:
            process, self._process = self._process, None
            if process is not None:
                await _end(process)
            if self._listener is not None:
                await self._listener

    async def table(self, graph: Graph, origins: Sequence[Point], destinations: Sequence[Point]) -> RoadTable:
        """Return driving times and distances; both lists must have a point.

        Raises:
            TravelError: the process died, was stuck or could not read the graph.
        """
        answer = await self._ask(graph, "table", _coordinates(origins), _coordinates(destinations))
        for name in ("seconds", "metres"):
            answer[name][answer[name] < 0] = UNREACHABLE
        return RoadTable(**answer)

    async def route(self, graph: Graph, points: Sequence[Point]) -> Way | None:
        """Return the way through two or more points, None where no road leads.

        Raises:
            TravelError: as for ``table``.
        """
        answer = await self._ask(graph, "route", _coordinates(points))
        if answer is None:
            return None
        return Way(answer["polyline"], tuple(answer["seconds"]), tuple(answer["metres"]))

    async def nearest(self, graph: Graph, point: Point) -> Snap:
        """Return the nearest place on a road.

        Raises:
            TravelError: as for ``table``.
        """
        answer = await self._ask(graph, "nearest", _coordinates([point]))
        return Snap(Point(answer["lat"], answer["lon"]), answer["metres"])

    async def _ask(self, graph: Graph, operation: str, *arguments: object) -> Any:  # noqa: ANN401 - by operation
        process = await self._running()
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (process, future)
        frame = pickle.dumps((number, operation, graph.base, graph.version, arguments))
        try:
            async with asyncio.timeout(self._timeout):
                await _send(process, frame)
                return await future
        except TimeoutError as error:
            self._give_up(process)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            message = f"OSRM gave no answer within {self._timeout:.0f} s; its process is started again."
            raise TravelError(message) from error
        finally:
            self._waiting.pop(number, None)

    async def _running(self) -> Process:
        async with self._starting:
            if self._process is None:
                self._process = await _start()
                self._listener = asyncio.create_task(self._listen(self._process))
            return self._process

    async def _listen(self, process: Process) -> None:
        """Hand out answers until the process ends, then fail whatever still waits for one."""
        stream = cast("asyncio.StreamReader", process.stdout)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                (length,) = LENGTH.unpack(await stream.readexactly(LENGTH.size))
                number, good, result = pickle.loads(await stream.readexactly(length))  # noqa: S301 - our own child
                _, future = self._waiting.get(number, (process, None))
                if future is None or future.done():
                    continue
                if good:
                    future.set_result(result)
                else:
                    future.set_exception(TravelError(f"OSRM could not answer: {result}."))
        self._give_up(process)
        code = await process.wait()
        for asked, future in self._waiting.values():
            if asked is process and not future.done():
                future.set_exception(TravelError(f"The OSRM process ended with exit code {code}; ask again."))

    def _give_up(self, process: Process) -> None:
        """Make the next question start a new process."""
        if self._process is process:
            self._process = None


async def _start() -> Process:
    child = str(Path(__file__).with_name("osrm_child.py"))
    # -P: this folder has modules of its own, none of them is to stand before an installed one.
    # A session of its own: Ctrl-C in the terminal is for the parent, which then ends the child in order.
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", child, stdin=PIPE, stdout=PIPE, limit=2**20, start_new_session=True
        )
    except OSError as error:
        message = f"The OSRM process could not be started: {error}."
        raise TravelError(message) from error


async def _end(process: Process) -> None:
    """Let a process finish what it does, for a while; then kill it."""
    cast("asyncio.StreamWriter", process.stdin).close()
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _send(process: Process, frame: bytes) -> None:
    stream = cast("asyncio.StreamWriter", process.stdin)
    with contextlib.suppress(ConnectionError):  # it died: the listener tells every question that waits
        stream.write(LENGTH.pack(len(frame)) + frame)
        await stream.drain()


def _coordinates(points: Sequence[Point]) -> list[tuple[float, float]]:
    return [(point.lon, point.lat) for point in points]
