"""The rooms of ``house`` on a port of this machine, for a browser."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from shared.runtime import listen
from tests.web.house import Floor, HandClock, open_floor
from tests.web.story import Story


@dataclass(frozen=True, slots=True)
class Site:
    """A floor that a browser reaches.

    Attributes:
        url: without a slash at the end.
    """

    floor: Floor
    url: str
    port: int

    @property
    def board(self) -> str:
        """Address of the day's board."""
        return self.url + self.floor.base


class _Server(uvicorn.Server):
    """uvicorn that leaves the test runner's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(data: Path, story: Story | None = None, port: int = 0) -> AsyncIterator[Site]:
    """Serve the rooms until the block ends, on a free port unless one is given."""
    async with open_floor(data, story, HandClock()) as floor:
        with listen("127.0.0.1", port) as sock:
            taken = sock.getsockname()[1]
            server = _Server(uvicorn.Config(floor.app, log_config=None, lifespan="off", timeout_graceful_shutdown=5))
            running = asyncio.create_task(server.serve(sockets=[sock]))
            try:
                yield Site(floor, f"http://127.0.0.1:{taken}", taken)
            finally:
                floor.house.stopping.set()  # else open streams would hold the server
                server.should_exit = True
                await running
