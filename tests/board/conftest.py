"""Fixtures: the board and the nurses' pages in a house of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.house import Floor, open_floor


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with open_floor(tmp_path) as running:
        yield running
