"""A room and a bus for the tests of the plumbing."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.bus.log import LogBus
from shared.db.session import Database
from tests.contract.room import TinyRoom
from tests.databases import DATABASES


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[LogBus]:
    """Open the embedded bus."""
    opened = LogBus(tmp_path / "log.sqlite")
    await opened.start()
    yield opened
    await opened.stop()


@pytest.fixture(params=DATABASES)
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TinyRoom]:
    """Create a room with its tables."""
    made = TinyRoom.at(tmp_path / "room.sqlite")
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        server.drop("tests_tiny")
        made = replace(made, db=Database(server.url("tests_tiny")))
    await made.create()
    yield made
    await made.db.close()
