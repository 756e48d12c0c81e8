"""Fixtures of the routing room's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import DATABASES, on_database
from tests.routing_room.planning import Room, open_room


@pytest.fixture(params=DATABASES)
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Room]:
    async with on_database(request, "routing"), open_room(tmp_path) as running:
        yield running
