"""The dispatch room as a process of its own, the way an operator would start it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from shared.areas import MANIFEST, area_dir
from tests.dispatch.floor import AREA, maple

DEADLINE_SECONDS = 30


@contextmanager
def running_room(data: Path) -> Iterator[str]:
    """Start the room on a data directory; yield its URL; stop it with SIGTERM."""
    folder = area_dir(data, AREA)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).write_text(maple().model_dump_json())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {**os.environ, "ROUNDS_DATA": str(data), "ROUNDS_PORT": str(port)}
    log = (data / "dispatch.log").open("w")
    with log, subprocess.Popen([sys.executable, "-m", "services.dispatch"], env=settings, stderr=log) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_it_answers(url, process)
            yield url
        finally:
            process.terminate()
            assert process.wait(DEADLINE_SECONDS) == 0, (data / "dispatch.log").read_text()


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            httpx.get(f"{url}/v1/nurses")
        except httpx.TransportError:
            assert process.poll() is None, "the room ended before it answered"
            assert time.monotonic() < give_up_at, "the room does not answer"
            time.sleep(0.05)
        else:
            return
