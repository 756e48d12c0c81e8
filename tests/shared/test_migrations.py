"""Every room's migrations make the tables its models describe, from an empty database and again on their own result."""

import importlib
from pathlib import Path

import pytest

from shared.db.migrate import differences, upgrade
from shared.db.session import Database

SERVICES = Path(__file__).parents[2] / "services"
ROOMS = sorted(models.parents[1].name for models in SERVICES.glob("*/store/models.py"))


def test_the_rooms_are_found() -> None:
    assert ROOMS == ["board", "booking", "dispatch", "geocoding", "nurse_app", "routing"]


@pytest.mark.parametrize("room", ROOMS)
async def test_the_migrations_make_the_tables_of_the_models(room: str, tmp_path: Path) -> None:
    metadata = importlib.import_module(f"services.{room}.store.models").Base.metadata
    migrations = SERVICES / room / "store" / "migrations"
    database = Database.in_file(tmp_path / "room.sqlite")
    try:
        await upgrade(database, migrations)
        await upgrade(database, migrations)
        assert await differences(database, metadata) == []
    finally:
        await database.close()
