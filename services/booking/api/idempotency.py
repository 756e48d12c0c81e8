"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): one key, one booking, one answer.

A reply commits with the booking it tells of, so neither is ever there without the other. A key whose first request is
still being worked on is known in this process; in another process the database makes the second request wait for the
first, and then it finds the reply. Refusals are not kept: a corrected request may come with the same key.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Header

from services.booking.store.models import BookingRow
from shared.errors import Problem

# A string of RFC 8941: printable ASCII in double quotes, with \" and \\ inside.
STRING = re.compile(r'"(?P<key>(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"')
MEANING = 'Send a fresh one with each booking and the same one when you repeat it: Idempotency-Key: "8e03978e-40d5".'


async def read_key(
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Required. A string of your choice in double quotes, fresh for each booking; a repeated "
            "request with the same key and body is answered with the first reply and changes nothing. "
            "Kept for 7 days by default.",
            examples=['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
        ),
    ] = None,
) -> str:
    """Return the key of a request. Not a plain function: those are run in a thread.

    Raises:
        Problem: 400, there is none, or it is not a string in quotes.
    """
    if key is None:
        raise Problem(400, "idempotency-key-missing", "Idempotency-Key is missing", f"The header is missing. {MEANING}")
    found = STRING.fullmatch(key.strip())
    if found is None:
        detail = f"The header is not a string of 1 to 255 characters in double quotes. {MEANING}"
        raise Problem(400, "idempotency-key-malformed", "Idempotency-Key is malformed", detail)
    return found["key"]


type Key = Annotated[str, Depends(read_key)]


@contextmanager
def only_one(running: set[str], key_digest: str) -> Iterator[None]:
    """Work on a key's request while nobody else in this process does.

    Raises:
        Problem: 409, the first request with the key is still being worked on.
    """
    if key_digest in running:
        detail = "The first request with this Idempotency-Key is still being worked on. Repeat yours in a second."
        raise Problem(409, "idempotency-key-in-use", "Idempotency-Key is in use", detail, headers={"Retry-After": "1"})
    running.add(key_digest)
    try:
        yield
    finally:
        running.discard(key_digest)


def stored_reply(booking: BookingRow, fingerprint: str) -> str:
    """Return the body that the key's first request was answered with.

    Raises:
        Problem: 422, that request asked for something else.
    """
    if booking.fingerprint != fingerprint or booking.reply is None:
        detail = (
            f"This Idempotency-Key came before with another body, which made booking {booking.booking_id}. "
            "Send a fresh key for a new booking, or change that one."
        )
        raise Problem(422, "idempotency-key-reused", "Idempotency-Key came with another body", detail)
    return booking.reply
