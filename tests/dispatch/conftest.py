"""Fixtures of the dispatch room's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.dispatch.floor import Floor, open_floor


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as running:
        yield running
