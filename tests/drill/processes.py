"""The rooms as processes that can be killed, frozen and started again for next to nothing.

A fork server has imported everything once; each process of a room is a fork of it, made before any event loop is.
"""

import contextlib
import json
import multiprocessing
import os
import signal
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil

from tests.drill.room import be_room

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.drill.room"])
END_SECONDS = 20.0


@dataclass
class RoomProcess:
    """One of the processes of a room.

    Attributes:
        name: unique, such as ``booking-1``.
        environment: its settings.
        off: guards that are turned off.
        starts: how often it was started.
    """

    name: str
    room: str
    port: int
    environment: dict[str, str]
    folder: Path
    off: tuple[str, ...] = ()
    starts: int = 0
    _process: ForkServerProcess | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """What it writes."""
        return self.folder / f"{self.name}.log"

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether it runs; a frozen one does."""
        return self._process is not None and self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """What it ended with, minus the signal's number if a signal ended it; None while it runs."""
        return self._process.exitcode if self._process is not None else None

    def start(self, point: str = "", passes: int = 1) -> None:
        """Start it, with a lit fuse if a point is named."""
        self.starts += 1
        self._light(point, passes)
        arguments = (self.room, self.environment, self.log, self._fuse, self.off)
        self._process = PROCESSES.Process(target=be_room, args=arguments, name=self.name)
        self._process.start()

    def light(self, point: str, passes: int = 1, number: signal.Signals = signal.SIGKILL) -> None:
        """Light the fuse of the running process; "" puts it out.

        Args:
            point: where it burns down.
            passes: at which passing.
            number: what then befalls the process.
        """
        self._light(point, passes, number)
        self._signal(signal.SIGUSR1)

    @property
    def frozen(self) -> bool:
        """Whether it is stopped in its tracks."""
        pid = self._process.pid if self._process is not None and self.alive else None
        return pid is not None and psutil.Process(pid).status() == psutil.STATUS_STOPPED

    def kill(self) -> None:
        """End it and its planner as ``kill -9`` does."""
        self._signal_all(signal.SIGKILL)
        self._wait()

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP)."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had been (SIGCONT)."""
        self._signal_all(signal.SIGCONT)

    def stop(self) -> None:
        """End it in order; kill it if that takes too long."""
        self.thaw()
        self._signal(signal.SIGTERM)
        self._wait()

    def died_within(self, seconds: float) -> bool:
        """Wait for it to end by its fuse."""
        if self._process is None:
            return True
        self._process.join(seconds)
        return self._process.exitcode == -signal.SIGKILL

    def _wait(self) -> None:
        if self._process is not None:
            self._process.join(END_SECONDS)
            if self._process.is_alive():
                self._signal_all(signal.SIGKILL)
                self._process.join()

    @property
    def _fuse(self) -> Path:
        return self.folder / f"{self.name}.fuse"

    def _light(self, point: str, passes: int, number: signal.Signals = signal.SIGKILL) -> None:
        part = self._fuse.with_suffix(".part")
        part.write_text(json.dumps([point, passes, int(number)]))
        part.replace(self._fuse)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive and self._process is not None and self._process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    def _signal_all(self, number: signal.Signals) -> None:
        if self.alive and self._process is not None and self._process.pid is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:  # it has not made its group yet
                self._signal(number)
