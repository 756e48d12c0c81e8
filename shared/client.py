"""Finding the running system: by address, or by the file it leaves in its data directory."""

import json
from pathlib import Path

import httpx

from shared.errors import ConfigurationError

SERVER_FILE = "server.json"


def system_url(data: Path, url: str | None = None) -> str:
    """Return the base URL of the running system.

    Raises:
        ConfigurationError: none was named and none runs on this data directory.
    """
    if url:
        return url.rstrip("/")
    try:
        return str(json.loads((data / SERVER_FILE).read_text())["url"])
    except (OSError, ValueError, KeyError) as error:
        message = f"No system runs on {data}. Start one with `rounds up --data {data}`, or name one with --url."
        raise ConfigurationError(message) from error


def running_system(data: Path, url: str | None = None) -> httpx.Client:
    """Return a client of the running system; see ``system_url``."""
    return httpx.Client(base_url=system_url(data, url), timeout=30)
