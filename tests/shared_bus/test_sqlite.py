"""The SQLite driver with one hop a statement, under SQLAlchemy."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.db.transient import is_transient
from shared.errors import PoisonError, TransientError
from tests.contract.room import TinyRoom
from tests.shared_bus.failures import locked, of_sqlite


async def add_effect(room: TinyRoom, n: int) -> None:
    """Write one row in one transaction."""
    async with room.db.transaction() as session:
        connection = await session.connection()
        await connection.execute(insert(room.effect), {"n": n, "event_id": "e", "key": "k", "version": 1})


@pytest.mark.parametrize("room", ["sqlite"], indirect=True)
async def test_what_is_committed_is_there_and_what_is_rolled_back_is_not(room: TinyRoom) -> None:
    await add_effect(room, 1)
    with pytest.raises(IntegrityError):
        await add_effect(room, 1)
    await add_effect(room, 2)
    assert len(await room.effects()) == 2


@pytest.mark.parametrize("room", ["sqlite"], indirect=True)
async def test_a_transaction_without_a_statement_leaves_nothing_open(room: TinyRoom) -> None:
    async with room.db.transaction() as session:
        await session.connection()
    await add_effect(room, 1)
    assert len(await room.effects()) == 1


@pytest.mark.parametrize("room", ["sqlite"], indirect=True)
async def test_a_transaction_is_begun_immediate(room: TinyRoom) -> None:
    other = sqlite3.connect(room.path, timeout=0, isolation_level=None)
    async with room.db.transaction() as session:
        await (await session.connection()).execute(text("SELECT 1"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize("room", ["sqlite"], indirect=True)
async def test_a_reader_sees_a_snapshot_while_a_writer_writes(room: TinyRoom) -> None:
    async with room.db.reading() as session:
        connection = await session.connection()
        count = text("SELECT count(*) FROM effect")
        assert await connection.scalar(count) == 0
        await add_effect(room, 1)
        assert await connection.scalar(count) == 0
    assert len(await room.effects()) == 1


@pytest.mark.parametrize("room", ["sqlite"], indirect=True)
async def test_rows_columns_counts_and_last_ids_come_through(room: TinyRoom) -> None:
    async with room.db.transaction() as session:
        connection = await session.connection()
        added = await connection.execute(insert(room.effect), {"event_id": "e", "key": "k", "version": 1})
        assert added.inserted_primary_key is not None
        assert tuple(added.inserted_primary_key) == (1,)
        changed = await connection.execute(text("UPDATE effect SET version = 2"))
        assert changed.rowcount == 1
        rows = await connection.execute(text("SELECT key, version FROM effect"))
        assert [row._asdict() for row in rows] == [{"key": "k", "version": 2}]


async def test_a_file_that_is_not_a_database_says_so(tmp_path: Path) -> None:
    (tmp_path / "room.sqlite").write_bytes(b"Dear diary, nothing happened. " * 100)
    room = TinyRoom.at(tmp_path / "room.sqlite")
    with pytest.raises(DBAPIError, match="not a database"):
        await room.create()
    await room.db.close()


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (TransientError("away"), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (PoolTimeoutError("no connection"), True),
        (locked(), True),
        (of_sqlite(sqlite3.SQLITE_FULL, "database or disk is full"), True),
        (of_sqlite(sqlite3.SQLITE_IOERR_FSYNC, "disk I/O error"), True),
        (of_sqlite(sqlite3.SQLITE_ERROR, "no such column: x"), False),
        (OperationalError("SELECT", {}, Exception("gone"), connection_invalidated=True), True),
        (IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE")), False),
        (PoisonError("never"), False),
        (ValueError("bug"), False),
    ],
    ids=str,
)
def test_only_a_failure_that_passes_by_itself_is_transient(error: Exception, passes: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_transient(error) is passes


@pytest.mark.parametrize(("sqlstate", "passes"), [("40P01", True), ("08006", True), ("57P01", True), ("42703", False)])
def test_postgresql_is_told_by_its_sqlstate(sqlstate: str, passes: bool) -> None:  # noqa: FBT001 - a table of cases
    class ServerError(Exception):
        pass

    error = ServerError()
    error.sqlstate = sqlstate  # type: ignore[attr-defined]
    assert is_transient(DBAPIError("SELECT", {}, error)) is passes
