"""Which adapters stand before the contract. A new one joins by one entry in ``HANDLES``."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from shared.bus.log import LogBus
from shared.bus.port import Bus
from tests.contract.room import TinyRoom

type OpenBus = Callable[[], Awaitable[Bus]]


def log_handle(folder: Path) -> Bus:
    """Return a fresh handle on the one log of a test, as another process would hold it."""
    return LogBus(folder / "log.sqlite", poll_seconds=0.02)


HANDLES = {"log": log_handle}


@pytest.fixture(params=sorted(HANDLES))
async def open_bus(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenBus]:
    """Open further handles on the same bus; all are closed at the end."""
    opened: list[Bus] = []

    async def open_one() -> Bus:
        bus = HANDLES[request.param](tmp_path)
        await bus.start()
        opened.append(bus)
        return bus

    yield open_one
    for bus in opened:
        await bus.stop()


@pytest.fixture
async def bus(open_bus: OpenBus) -> Bus:
    """Open one handle."""
    return await open_bus()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[TinyRoom]:
    """Create a room with its tables."""
    made = TinyRoom.at(tmp_path / "room.sqlite")
    await made.create()
    yield made
    await made.db.close()
