"""A room and a bus for the tests of the plumbing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.bus.log import LogBus
from tests.contract.room import TinyRoom


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[LogBus]:
    """Open the embedded bus."""
    opened = LogBus(tmp_path / "log.sqlite")
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[TinyRoom]:
    """Create a room with its tables."""
    made = TinyRoom.at(tmp_path / "room.sqlite")
    await made.create()
    yield made
    await made.db.close()
