"""Sessions: a room writes inside ``transaction()`` and reads inside ``reading()``; nothing else commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import sqlite

BUSY_TIMEOUT_MS = 10_000
READERS = 4


class Database:
    """One room's database.

    On SQLite every writing transaction is ``BEGIN IMMEDIATE`` through a single connection, so that a read that is
    followed by a write never meets SQLITE_BUSY; reads have connections of their own. On PostgreSQL both share a pool.

    Args:
        url: SQLAlchemy URL with an async driver.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        if url.startswith("sqlite"):
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._reader = _sqlite_engine(url, begin="BEGIN", pool_size=READERS)
        else:
            self._writer = self._reader = create_async_engine(url, pool_pre_ping=True, hide_parameters=True)
        self._committed: set[asyncio.Event] = set()

    @classmethod
    def in_file(cls, path: Path) -> "Database":
        """Open an embedded room's SQLite file, making its folder if need be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite+aiosqlite:///{path}")

    @property
    def writer(self) -> AsyncEngine:
        """The engine that writes; migrations run through it."""
        return self._writer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Open a writing transaction; it commits when the block ends and rolls back when it raises."""
        async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
            yield session
        for listener in self._committed:
            listener.set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a consistent snapshot; what is written inside is rolled back."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:
            yield session

    def commits(self) -> asyncio.Event:
        """Return an event that is set after every commit in this process; the caller clears it."""
        listener = asyncio.Event()
        self._committed.add(listener)
        return listener

    async def close(self) -> None:
        """Dispose the pools."""
        await self._writer.dispose()
        await self._reader.dispose()


def _sqlite_engine(url: str, *, begin: str, pool_size: int) -> AsyncEngine:
    path = make_url(url).database or ":memory:"

    async def connect() -> aiosqlite.Connection:
        return await sqlite.Connection(path)

    engine = create_async_engine(
        url,
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=60,
        hide_parameters=True,  # an error's text goes to the log, and a parameter may be a patient's
    )

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's private record
        connection.isolation_level = None  # the driver must not begin by itself; on_begin does
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:  # noqa: ANN401 - Connection and its subclasses
        connection.exec_driver_sql(begin)

    return engine
