"""Headers as text, for the tables that keep messages."""

from collections.abc import Mapping

import orjson


def pack_headers(headers: Mapping[str, bytes]) -> str:
    """Return headers as one JSON object. Latin-1 gives every byte a character of its own, so any bytes survive."""
    return orjson.dumps({name: value.decode("latin-1") for name, value in headers.items()}).decode()


def unpack_headers(text: str) -> dict[str, bytes]:
    """Return what ``pack_headers`` was given."""
    return {name: value.encode("latin-1") for name, value in orjson.loads(text).items()}
