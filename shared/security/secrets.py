"""Secrets that an embedded system makes for itself on first start and keeps in its data directory, mode 0600."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from shared.errors import ConfigurationError

KEY_BYTES = 32


def read_or_create(path: Path) -> bytes:
    """Return the 32 bytes kept in a file, making them once, however many processes ask at the same moment.

    Raises:
        ConfigurationError: the file cannot be read or made, or holds something else.
    """
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The secret {path} cannot be read or made: {error.strerror}.") from error
    if len(secret) != KEY_BYTES:
        message = f"{path} should hold {KEY_BYTES} bytes and holds {len(secret)}. Restore it from your backup."
        raise ConfigurationError(message)
    return secret


def _create(path: Path) -> None:
    """Put a new secret in place, whole; where another process was quicker, its secret stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        Path(draft).unlink()
