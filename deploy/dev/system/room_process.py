"""One room as a process: started, asked whether it is ready, told to stop, killed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from deploy.dev.system.places import Place

ROOT = Path(__file__).parents[3]


class RoomProcess:
    """``python -m services.<room>`` at its place.

    Args:
        place: which process of which room, on which port.
        environment: its settings, beside those of this process.
        log: what it writes to standard error is appended to it.
    """

    def __init__(self, place: Place, environment: Mapping[str, str], log: Path) -> None:
        self.place = place
        self.log = log
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process's number; it has to have been started."""
        return self._started().pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def code(self) -> int | None:
        """The exit code of the process, None while it runs."""
        return self._started().poll()

    def start(self) -> None:
        """Start it; do not wait for it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", f"services.{self.place.room}"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for whoever started us, who then stops it in order
            )

    def is_ready(self) -> bool:
        """Ask whether it takes work."""
        try:
            return httpx.get(f"{self.place.url}/readyz", timeout=2).is_success
        except httpx.TransportError:
            return False

    def terminate(self) -> None:
        """Tell it to stop in order; do not wait for it."""
        self._started().terminate()

    def kill(self) -> None:
        """End it as a crash would."""
        self._started().kill()
        self._started().wait()

    def await_end(self, seconds: float) -> None:
        """Wait until it has ended; kill it when that takes longer."""
        try:
            self._started().wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def stop(self, seconds: float) -> None:
        """End it in order; kill it when that takes longer."""
        self.terminate()
        self.await_end(seconds)

    def last_words(self) -> str:
        """Return the last line of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"{self.place.name} was not started.")
        return self._process
