"""Which failures of a database pass by themselves."""

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from shared.errors import TransientError

PRIMARY_CODE = 0xFF
"""SQLite's extended error codes keep the plain one in the low byte."""
PASSING_SQLSTATES = {"08", "40", "53", "55", "57"}
"""Classes of PostgreSQL: connection, rollback, out of resources, lock not available, operator intervention."""

ERRORS = (TransientError, DBAPIError, PoolTimeoutError, TimeoutError, ConnectionError)
"""What a passing failure may be; ``is_transient`` tells whether one is."""

DISK_FULL_SQLSTATE = "53100"


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work can succeed later: away, locked, full, timed out; not a wrong statement or value."""
    if isinstance(error, TransientError | PoolTimeoutError | TimeoutError | ConnectionError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if isinstance(error.orig, sqlite3.OperationalError):
        return error.orig.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_ERROR
    return error.connection_invalidated or str(getattr(error.orig, "sqlstate", ""))[:2] in PASSING_SQLSTATES


def is_disk_full(error: BaseException) -> bool:
    """Tell whether the disk that holds the database is full."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode & PRIMARY_CODE == sqlite3.SQLITE_FULL
    return getattr(cause, "sqlstate", None) == DISK_FULL_SQLSTATE
