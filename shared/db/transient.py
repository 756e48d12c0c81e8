"""Which failures of a database pass by themselves."""

import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.errors import TransientError

PRIMARY_CODE = 0xFF
"""SQLite's extended error codes keep the plain one in the low byte."""
PASSING_SQLSTATES = {"08", "40", "53", "55", "57"}
"""Classes of PostgreSQL: connection, rollback, out of resources, lock not available, operator intervention."""

CONTENTION_SQLSTATES = {"40001", "40P01", "55P03", "23505"}
"""Not serializable, deadlock, lock not available in time, and a row that somebody else inserted first."""

ERRORS = (TransientError, DBAPIError, PoolTimeoutError, TimeoutError, ConnectionError, asyncpg.PostgresError)
"""What a passing failure may be; ``is_transient`` tells whether one is."""

DISK_FULL_SQLSTATE = "53100"
BROKEN_OFF_SQLSTATE = "57014"
"""The server broke a statement off, for its time was over: the server is well, the statement may never be."""


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work can succeed later: away, locked, full, timed out; not a wrong statement or value."""
    if isinstance(error, TransientError | PoolTimeoutError | TimeoutError | ConnectionError):
        return True
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.OperationalError):
            return error.orig.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_ERROR
        if error.connection_invalidated:
            return True
        if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.InvalidCachedStatementError):
            return True  # prepared before a migration changed its table; SQLAlchemy prepares it again the next time
    return _sqlstate(error)[:2] in PASSING_SQLSTATES


def is_contention(error: BaseException) -> bool:
    """Tell whether another transaction was in the way: nothing was changed, and the same work may succeed at once."""
    return _sqlstate(error) in CONTENTION_SQLSTATES


def is_broken_off(error: BaseException) -> bool:
    """Tell whether the server broke a statement off; it may pass, and it may be the statement's own fault."""
    return _sqlstate(error) == BROKEN_OFF_SQLSTATE


def is_disk_full(error: BaseException) -> bool:
    """Tell whether the disk that holds the database is full."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & PRIMARY_CODE == sqlite3.SQLITE_FULL
    return _sqlstate(error) == DISK_FULL_SQLSTATE


def _sqlstate(error: BaseException) -> str:
    """Return PostgreSQL's code of an error, as SQLAlchemy or the driver raised it; nothing for any other."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(cause, "sqlstate", None) or "")
