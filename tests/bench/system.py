"""The real system as a process of its own: started, asked, killed, started again on the same port."""

import asyncio
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx
import psutil

START_SECONDS = 120.0
STOP_SECONDS = 60.0
LOOK_SECONDS = 0.05
MEGABYTE = 1e6

_PARTS = {"osrm_child": "street times (OSRM)", "spawn_main": "planner", "resource_tracker": "resource tracker"}


class System:
    """``rounds up`` on a data directory.

    Attributes:
        url: the same through every restart.
        log: what it writes to standard error, one JSON object a line.
    """

    def __init__(self, data: Path) -> None:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            self._port: int = sock.getsockname()[1]
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = data / "log" / "up.jsonl"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self.spawn()
        async with httpx.AsyncClient(base_url=self.url, timeout=10) as client, asyncio.timeout(START_SECONDS):
            while not await _answers(client):
                if self._running.poll() is not None:
                    raise RuntimeError(f"It ended with {self._running.returncode}: {self.log.read_text()[-2000:]}")
                await asyncio.sleep(LOOK_SECONDS)

    def spawn(self) -> None:
        """Start it and do not wait."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            str(Path(sys.executable).with_name("rounds")),
            "up",
            "--data",
            str(self._data),
            "--port",
            str(self._port),
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log)  # noqa: S603 - the system that is measured

    def kill(self) -> list[psutil.Process]:
        """End the main process as a crash would; return its children, which have to end by themselves."""
        left: list[psutil.Process] = psutil.Process(self._running.pid).children(recursive=True)
        self._running.kill()
        self._running.wait()
        return left

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(STOP_SECONDS)

    def resident(self) -> dict[str, float]:
        """Return the resident megabytes by process."""
        root = psutil.Process(self._running.pid)
        sizes: Counter[str] = Counter()
        for process in (root, *root.children(recursive=True)):
            line = " ".join(process.cmdline())
            part = next((name for sign, name in _PARTS.items() if sign in line), "rooms (web, bus, databases)")
            sizes[part] += process.memory_info().rss
        return {part: size / MEGABYTE for part, size in sizes.items()}

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The system was not started.")
        return self._process


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/v1/services")).is_success
    except httpx.TransportError:
        return False
