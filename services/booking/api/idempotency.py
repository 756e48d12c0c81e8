"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07)."""

import re
from typing import Annotated

from fastapi import Depends, Header

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
