"""Cursors of lists: opaque to the caller, the id of the last entry to us."""

import base64
import binascii
from uuid import UUID

from shared.errors import invalid


def write_cursor(last: UUID) -> str:
    """Return the cursor of the page that comes after an entry."""
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read_cursor(cursor: str) -> UUID:
    """Return the entry that a page comes after.

    Raises:
        Problem: 422, it is none of ours.
    """
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        remedy = "Use next_cursor of the page before as it is, or leave it out for the first page."
        raise invalid("cursor", "This is not a cursor of this list.", remedy) from None
