"""Fixtures of the geocoding room's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import DATABASES, on_database
from tests.geocoding_room.office import Office, open_office


@pytest.fixture(params=DATABASES)
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Office]:
    async with on_database(request, "geocoding"), open_office(tmp_path) as running:
        yield running
