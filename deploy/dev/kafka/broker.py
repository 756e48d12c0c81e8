"""One broker as a process of this machine: started, killed, frozen and started again on the same ports."""

import os
import random
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from deploy.dev.unavailable import Unavailable

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the range from which clients get their ports: one could be given the port of a broker that is down."""
HEAP_MEGABYTES = 256
READY_SECONDS = 60.0
STOP_SECONDS = 5.0
"""The last of several waits for a quorum that is gone; what a killed one was told is safe all the same."""
LOG4J = Path(__file__).with_name("log4j2.properties")
METADATA = struct.pack(">ihhihi", 14, 3, 1, 7, -1, 0)
"""A metadata request, version 1, without topics and without a client's name."""


@dataclass
class Broker:
    """A broker and its folder.

    Attributes:
        node: its number, from 1.
        port: where clients reach it, in the clear.
        controller_port: where the brokers' controllers reach it.
        ports: further listeners' ports, by name.
        folder: settings, data and output.
        jars: what to run.
    """

    node: int
    port: int
    controller_port: int
    ports: Mapping[str, int]
    folder: Path
    jars: Path
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Return ``host:port``."""
        return f"{HOST}:{self.port}"

    @property
    def runs(self) -> bool:
        """Whether the process lives, frozen or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return the process's number.

        Raises:
            Unavailable: it does not run.
        """
        if self._process is None:
            raise Unavailable(f"Broker {self.node} does not run; start() it first.")
        return self._process.pid

    @property
    def settings(self) -> Path:
        """Return the path of its properties file."""
        return self.folder / "server.properties"

    def java(self, *arguments: str) -> list[str]:
        """Return a command of this broker's Java."""
        # The quick compiler alone: ready in 2 s instead of 4, and a broker here hardly gets warm enough for the other.
        options = [f"-Xmx{HEAP_MEGABYTES}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["java", *options, f"-Dlog4j2.configurationFile={LOG4J}", "-cp", f"{self.jars}/*", *arguments]

    def launch(self) -> None:
        """Start the process; do not wait for it."""
        self._end_leftover()
        with (self.folder / "output.txt").open("ab") as output:
            # A session of its own: Ctrl-C reaches whoever started it, and that one stops it in order.
            self._process = subprocess.Popen(  # noqa: S603 - no argument comes from outside
                self.java("kafka.Kafka", str(self.settings)),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._process.pid))

    def start(self) -> None:
        """Start the process and wait until clients are served.

        Raises:
            Unavailable: it ended or was not ready in time.
        """
        self.launch()
        self.wait_ready(1)

    def wait_ready(self, brokers: int) -> None:
        """Wait until this broker answers and knows of so many live ones.

        Raises:
            Unavailable: it ended or was not ready in time.
        """
        until = time.monotonic() + READY_SECONDS
        while len(self._live()) < brokers:
            if self._process is None or self._process.poll() is not None or time.monotonic() > until:
                output = (self.folder / "output.txt").read_text(errors="replace").strip().splitlines()[-5:]
                raise Unavailable(f"Kafka broker {self.node} did not start: {' | '.join(output) or 'it said nothing'}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Shut it down in order; kill it if that takes too long."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Freeze it (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)  # a frozen one hears nothing else
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def _end_leftover(self) -> None:
        """Kill the process of a predecessor that was killed itself and could not stop it."""
        try:
            leftover = psutil.Process(int(self._pid_file.read_text()))
            if str(self.settings) in leftover.cmdline():  # the number may be another's by now
                leftover.kill()
                leftover.wait(STOP_SECONDS)
        except (FileNotFoundError, psutil.NoSuchProcess):
            return

    def _live(self) -> Sequence[int]:
        """Return the nodes that this broker says are alive; none while it does not answer."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.settimeout(1)
                connection.sendall(METADATA)
                with connection.makefile("rb") as answer:
                    _, _, count = struct.unpack(">iii", answer.read(12))
                    return [_node(answer.read) for _ in range(count)]
        except (OSError, struct.error):
            return ()


def _node(read: Callable[[int], bytes]) -> int:
    node, length = struct.unpack(">ih", read(6))
    _host, _port, rack = struct.unpack(f">{length}sih", read(length + 6))
    read(max(rack, 0))  # -1: no rack
    return int(node)


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on now."""
    free: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        free.append(port)
        if len(free) == count:
            return free
    raise Unavailable(f"There are no {count} free ports from {PORTS.start} to {PORTS.stop}.")
