"""SQLite off the loop with one thread hop a statement.

aiosqlite hops to its thread and back for each of making a cursor, executing, fetching and closing it: four times for a
statement, a dozen times for the smallest transaction. SQLAlchemy fetches all rows at once anyway, so here one hop does
the four, BEGIN travels with the first statement, and a rollback of nothing stays at home.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import aiosqlite

FETCH_SIZE = 64


class Connection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors do their work in one hop."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(lambda: sqlite3.connect(path, check_same_thread=False), FETCH_SIZE)
        self._thread.daemon = True  # a connection nobody closed must not keep the process alive
        self._begin: str | None = None

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy enters what it gets, awaitable or not
        """Return a cursor; nothing happens yet."""
        return Cursor(self)

    async def commit(self) -> None:
        """Commit, unless nothing was executed since BEGIN."""
        if self._begin is None:
            await super().commit()
        self._begin = None

    async def rollback(self) -> None:
        """Roll back, unless nothing was executed since BEGIN or all is committed (the pool rolls back to be sure)."""
        if self._begin is None and self.in_transaction:
            await super().rollback()
        self._begin = None

    def begin_later(self, statement: str) -> None:
        """Keep a BEGIN for the next statement to take along."""
        self._begin = statement

    async def hop(self, work: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> tuple[sqlite3.Cursor, list[Any]]:
        """Run one statement on the connection's thread and fetch all its rows, after the BEGIN that waits."""
        begin, self._begin = self._begin, None

        def whole() -> tuple[sqlite3.Cursor, list[Any]]:
            if begin is not None:
                self._conn.execute(begin)
            cursor = work(self._conn)
            return cursor, cursor.fetchall()

        done: tuple[sqlite3.Cursor, list[Any]] = await self._execute(whole)  # type: ignore[no-untyped-call]
        return done


class Cursor:
    """What SQLAlchemy's asyncio adapter needs of a cursor."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = FETCH_SIZE

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute a statement and fetch its rows."""
        if statement.startswith("BEGIN"):
            self._connection.begin_later(statement)
            return self
        return await self._run(lambda raw: raw.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Sequence[Any]) -> Self:
        """Execute a statement once for each set of parameters."""
        return await self._run(lambda raw: raw.executemany(statement, parameters))

    async def fetchall(self) -> list[Any]:
        """Return the rows that came with the execution."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: the statement was finished when its rows were fetched."""

    async def _run(self, work: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> Self:
        raw, self._rows = await self._connection.hop(work)
        self.description, self.rowcount, self.lastrowid = raw.description, raw.rowcount, raw.lastrowid
        return self
