"""The PostgreSQL of tests and drills keeps what was committed, whatever happens to it."""

import shutil
from pathlib import Path

import psutil
import pytest

from deploy.dev.postgres import PostgresServer, postgres
from deploy.dev.unavailable import Unavailable

pytestmark = pytest.mark.postgres


@pytest.fixture
def database(postgres_server: PostgresServer) -> str:
    """A database with one row."""
    postgres_server.create("kept")
    postgres_server.sql("CREATE TABLE IF NOT EXISTS fact (n int); INSERT INTO fact VALUES (1)", "kept")
    return "kept"


def test_what_was_committed_survives_a_kill_at_the_same_address(postgres_server: PostgresServer, database: str) -> None:
    before = postgres_server.url(database), postgres_server.sql("SELECT count(*) FROM fact", database)
    killed = postgres_server.pid
    postgres_server.kill()
    postgres_server.start()
    assert postgres_server.pid != killed
    assert (postgres_server.url(database), postgres_server.sql("SELECT count(*) FROM fact", database)) == before


def test_a_database_is_made_as_a_copy_of_another(postgres_server: PostgresServer, database: str) -> None:
    postgres_server.create("copy", template=database)
    rows = postgres_server.sql("SELECT count(*) FROM fact", "copy")
    postgres_server.drop("copy")
    assert rows == postgres_server.sql("SELECT count(*) FROM fact", database)


def test_a_new_server_on_the_folder_goes_on_where_an_abandoned_one_was(tmp_path: Path) -> None:
    """The folder is closed to everybody but the tester, as pytest makes it."""
    try:
        abandoned = postgres(tmp_path, fsync=False)
        first = abandoned.__enter__()
    except Unavailable as error:
        pytest.skip(f"skipped: {error}")
    first.create("kept")
    with postgres(tmp_path, fsync=False) as second:
        assert second.sql("SELECT count(*) FROM pg_database WHERE datname = 'kept'") == "1"
        assert not psutil.pid_exists(first.pid) or psutil.Process(first.pid).status() == psutil.STATUS_ZOMBIE
    shutil.rmtree((tmp_path / "elsewhere").resolve(), ignore_errors=True)  # only root needs it
