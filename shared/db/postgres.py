"""PostgreSQL off one pool: connections that know when they were cut, limits on time, sentences for what goes wrong."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import URL, NullPool, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.errors import TransientError

if TYPE_CHECKING:
    type PgConnection = asyncpg.Connection[asyncpg.Record]

CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 25.0
"""A server that fell silent is given up after this; one that lives breaks a statement off before."""
POOL_SECONDS = 10.0
SESSION = {
    "statement_timeout": "20s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "jit": "off",
}
"""A process that was stopped in mid-transaction lets go of its locks after the last of these, not when it wakes up.
Compiling a plan to machine code pays for queries of seconds, and there are none."""
WITHOUT_LIMIT = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "lock_timeout": "10s"}
"""For migrations: they may take long, but nobody queues for ever behind one that waits for a table."""


class DatabaseAwayError(TransientError):
    """The server cannot be reached, is starting, or is full; it is waited for."""


class DatabaseRefusesError(TransientError):
    """The server is there and does not let us in. At start this is an error of set-up; later somebody mends it."""


class PostgresServer:
    """Where one room's database is, and how to get in.

    Args:
        url: SQLAlchemy URL of the database.
        application: the name that PostgreSQL's views show for the connections.
        password_file: read at each connection, so that a new password needs no restart; None when the URL has it.
    """

    def __init__(self, url: str, *, application: str, password_file: Path | None) -> None:
        self._url = make_url(url)
        self._application = application
        self._password_file = password_file

    @property
    def where(self) -> str:
        """Where the database is, in words for an operator: no password."""
        return f"{self._url.host}:{self._url.port or 5432}/{self._url.database}"

    def pooled(self, size: int) -> AsyncEngine:
        """Return an engine with a pool of so many connections.

        asyncpg notices at once when its connection is cut, so asking it costs nothing; a ping before each use would
        cost a transaction as much as its work.
        """
        engine = create_async_engine(
            self._driver_url(),
            async_creator=self.connect,
            pool_size=size,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            pool_use_lifo=True,  # the same few connections stay warm; their statements are prepared already
            hide_parameters=True,  # an error's text goes to the log, and a parameter may be a patient's
        )

        @event.listens_for(engine.sync_engine, "checkout")
        def on_checkout(connection: Any, _record: Any, _proxy: Any) -> None:  # noqa: ANN401 - SQLAlchemy's adapters
            if connection.driver_connection.is_closed():
                raise DisconnectionError

        return engine

    def unlimited(self) -> AsyncEngine:
        """Return an engine without a pool and without limits on time, for migrations."""
        return create_async_engine(
            self._driver_url(), async_creator=self._connect_unlimited, poolclass=NullPool, hide_parameters=True
        )

    async def connect(self) -> "PgConnection":
        """Open a connection.

        Raises:
            DatabaseAwayError: nobody answers, or not yet.
            DatabaseRefusesError: user, password, database or certificate are not right.
        """
        return await self._open(SESSION, COMMAND_SECONDS)

    async def _connect_unlimited(self) -> "PgConnection":
        return await self._open(WITHOUT_LIMIT, None)

    async def _open(self, session: dict[str, str], command_seconds: float | None) -> "PgConnection":
        dsn = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            return await asyncpg.connect(
                dsn,
                password=self._password(),
                timeout=CONNECT_SECONDS,
                command_timeout=command_seconds,
                server_settings={**session, "application_name": self._application},
            )
        except asyncpg.InvalidCatalogNameError as error:
            raise DatabaseRefusesError(
                f"There is no database {self._url.database} at {self._url.host}. Make it with `rounds db create`."
            ) from error
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise DatabaseRefusesError(
                f"PostgreSQL at {self.where} does not let the user {self._url.username} in: {error}. "
                "Check ROUNDS_DATABASE_URL, ROUNDS_DATABASE_PASSWORD_FILE and the server's pg_hba.conf."
            ) from error
        except (ssl.SSLError, asyncpg.InterfaceError) as error:
            raise DatabaseRefusesError(
                f"The connection to PostgreSQL at {self.where} cannot be set up: {error}. "
                "Check ROUNDS_DATABASE_URL and the certificates it names."
            ) from error
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            reason = str(error) or "no answer in time"
            raise DatabaseAwayError(f"PostgreSQL at {self.where} does not answer: {reason}.") from error

    def _password(self) -> str | None:
        if self._password_file is None:
            return None
        try:
            return self._password_file.read_text().strip()
        except OSError as error:
            raise DatabaseRefusesError(
                f"The password of the database cannot be read from {self._password_file}: {error.strerror}. "
                "Check ROUNDS_DATABASE_PASSWORD_FILE."
            ) from error

    def _driver_url(self) -> URL:
        return self._url.set(drivername="postgresql+asyncpg", query={})
