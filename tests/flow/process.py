"""The system and its commands as processes of their own, as an operator runs them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.flow.conftest import soon

ROUNDS = str(Path(sys.executable).with_name("rounds"))
START_SECONDS = 60


def rounds(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(  # noqa: S603 - our own command
        [ROUNDS, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
        env={**os.environ, "COLUMNS": "1000", **environment},
    )


@contextmanager
def up(data: Path) -> Iterator[str]:
    """Run the system on a data directory; yield where it answers; end it in order."""
    with subprocess.Popen([ROUNDS, "up", "--data", str(data), "--port", "0"], stderr=subprocess.PIPE) as process:  # noqa: S603 - our own command
        try:
            url = asyncio.run(soon(lambda: _answering(data), "the system to answer"))
            yield url
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=START_SECONDS)
    assert process.returncode == 0


async def _answering(data: Path) -> str | None:
    try:
        url: str = json.loads((data / "server.json").read_text())["url"]
        async with httpx.AsyncClient() as client:
            return url if (await client.get(f"{url}/v1/services")).is_success else None
    except (OSError, ValueError, httpx.TransportError):
        return None
