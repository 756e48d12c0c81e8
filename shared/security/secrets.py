"""Secrets that an embedded system makes for itself on first start and keeps in its data directory, mode 0600."""

import os
import secrets
from pathlib import Path

from shared.errors import ConfigurationError

KEY_BYTES = 32


def read_or_create(path: Path) -> bytes:
    """Return the 32 bytes kept in a file, making them once.

    Raises:
        ConfigurationError: the file holds something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_bytes()
        if len(secret) != KEY_BYTES:
            message = f"{path} should hold {KEY_BYTES} bytes and holds {len(secret)}. Restore it from your backup."
            raise ConfigurationError(message) from None
        return secret
    secret = secrets.token_bytes(KEY_BYTES)
    with os.fdopen(handle, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return secret
