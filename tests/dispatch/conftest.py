"""Fixtures of the dispatch room's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import DATABASES, on_database
from tests.dispatch.floor import Floor, open_floor


@pytest.fixture(params=DATABASES)
async def floor(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Floor]:
    async with on_database(request, "dispatch"), open_floor(tmp_path) as running:
        yield running
