"""Sessions: a room writes inside ``transaction()`` and reads inside ``reading()``; nothing else commits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import QueuePool, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import sqlite
from shared.db.commit_hints import CommitHints
from shared.db.postgres import WITHOUT_LIMIT, PostgresServer
from shared.settings import HouseSettings

BUSY_TIMEOUT_MS = 10_000
READERS = 4
MIGRATION_LOCK = 0x526F756E6473
"""An advisory lock's number: "Rounds"."""


class Database:
    """One room's database.

    On SQLite every writing transaction is ``BEGIN IMMEDIATE`` through a single connection, so that a read that is
    followed by a write never meets SQLITE_BUSY; reads have connections of their own. On PostgreSQL both share a pool:
    a transaction is READ COMMITTED and locks the rows that it decides by, reading is a REPEATABLE READ snapshot.

    Args:
        url: SQLAlchemy URL with an async driver.
        application: the name that the server shows for the connections.
        pool: the most connections at once, on PostgreSQL; one more listens for commits.
        password_file: the password, where the URL has none.
    """

    def __init__(
        self, url: str, *, application: str = "rounds", pool: int = 10, password_file: Path | None = None
    ) -> None:
        self.url = url
        self._committed: set[asyncio.Event] = set()
        self._server: PostgresServer | None = None
        self._hints: CommitHints | None = None
        if url.startswith("sqlite"):
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._reader = _sqlite_engine(url, begin="BEGIN", pool_size=READERS)
        else:
            self._server = PostgresServer(url, application=application, password_file=password_file)
            self._hints = CommitHints(self._server.connect, self._wake)
            self._writer = self._server.pooled(pool)
            self._reader = self._writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @classmethod
    def of_room(cls, settings: HouseSettings, room: str) -> "Database":
        """Open a room's database where the settings say it is: on a server, or in a file of the data directory."""
        if not settings.database_url:
            return cls.in_file(settings.data / f"{room}.sqlite")
        return cls(
            settings.database_url.replace("{room}", room),
            application=f"rounds {room}",
            pool=settings.database_pool,
            password_file=settings.database_password_file,
        )

    @classmethod
    def in_file(cls, path: Path) -> "Database":
        """Open an embedded room's SQLite file, making its folder if need be."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite+aiosqlite:///{path}")

    @property
    def is_file(self) -> bool:
        """Whether it is a file, which one process has to itself."""
        return self._server is None

    @property
    def where(self) -> str:
        """Where it is, in words for an operator: no password."""
        return self._server.where if self._server else str(make_url(self.url).database)

    @property
    def connections_in_use(self) -> int:
        """How many connections work at this moment."""
        pools = {engine.sync_engine.pool for engine in (self._writer, self._reader)}
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    @property
    def writer(self) -> AsyncEngine:
        """The engine that writes."""
        return self._writer

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that changes the schema: alone, whichever process asks, and without a limit on time."""
        if self._server is None:
            async with self._writer.begin() as connection:
                yield connection
            return
        engine = self._server.unlimited()
        try:
            async with engine.begin() as connection:
                await connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
                await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WITHOUT_LIMIT['lock_timeout']}'")
                yield connection
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def transaction(self, *, quiet: bool = False) -> AsyncIterator[AsyncSession]:
        """Open a writing transaction; it commits when the block ends and rolls back when it raises.

        Args:
            quiet: it makes no work for anybody, so nobody is woken (see ``commits``).
        """
        async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
            yield session
        if quiet:
            return
        self._wake()
        if self._hints:
            self._hints.committed()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """Open a consistent snapshot; what is written inside is rolled back."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:
            yield session

    def commits(self) -> asyncio.Event:
        """Return an event that is set after every commit but the quiet ones; the caller clears it.

        Commits of other processes set it too, on PostgreSQL, as a hint that may be lost: poll as well.
        """
        listener = asyncio.Event()
        self._committed.add(listener)
        if self._hints:
            self._hints.begin()
        return listener

    def _wake(self) -> None:
        for listener in self._committed:
            listener.set()

    async def close(self) -> None:
        """Stop listening and dispose the pools."""
        if self._hints:
            await self._hints.close()
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
