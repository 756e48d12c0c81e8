"""Errors as the databases raise them."""

import sqlite3

from sqlalchemy.exc import OperationalError


def of_sqlite(code: int, text: str) -> OperationalError:
    """Return SQLAlchemy's error for an SQLite result code."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return OperationalError("SELECT 1", {}, error)


def locked() -> OperationalError:
    """Return what a file locked by somebody else gives."""
    return of_sqlite(sqlite3.SQLITE_BUSY, "database is locked")
