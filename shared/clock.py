"""The clock, as an argument: nothing in the house calls ``datetime.now`` but this file."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

type Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a fresh UUIDv7: unique, and ordered by the time it was made."""
    return uuid7()
