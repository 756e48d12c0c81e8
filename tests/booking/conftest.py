"""Fixtures of the booking room's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.booking.desk import Desk, open_desk
from tests.databases import DATABASES, on_database


@pytest.fixture(params=DATABASES)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async with on_database(request, "booking"), open_desk(tmp_path) as running:
        yield running
