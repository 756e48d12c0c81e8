"""The distributed system as it runs in earnest: Kafka, PostgreSQL, and every room as a process of its own, N times."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from deploy.dev.kafka import KafkaCluster, kafka
from deploy.dev.postgres import PostgresServer, postgres
from shared.bus.kafka import KafkaBus, KafkaSettings

ROOMS = ("booking", "geocoding", "routing", "dispatch", "board", "nurse_app")
START_SECONDS = 90.0
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.05


@dataclass(slots=True)
class Rooms:
    """Servers and rooms that run.

    Attributes:
        data: the data directory: maps and secrets.
        environment: what a further process needs to take part.
    """

    data: Path
    server: PostgresServer
    cluster: KafkaCluster
    environment: dict[str, str]
    _ports: dict[str, int] = field(default_factory=dict)
    _running: list[tuple[str, subprocess.Popen[bytes]]] = field(default_factory=list)

    def url(self, room: str) -> str:
        """Return where the first process of a room answers."""
        return f"http://127.0.0.1:{self._ports[room]}"

    def bus(self) -> KafkaBus:
        """Return a bus of one's own."""
        return KafkaBus(KafkaSettings(bootstrap_servers=self.cluster.bootstrap))

    async def start(self, rooms: Sequence[str], **more: str) -> None:
        """Start one process of each room and wait until all are ready."""
        urls = {}
        for room in rooms:
            port = free_port()
            self._ports.setdefault(room, port)
            urls[room] = port
        peers = {room: self.url(room) for room in self._ports}
        environment = {**self.environment, "ROUNDS_PEERS": json.dumps(peers), **more}
        (self.data / "log").mkdir(exist_ok=True)
        for room, port in urls.items():
            self._spawn(room, {**environment, "ROUNDS_PORT": str(port)})
        async with httpx.AsyncClient(timeout=5) as client, asyncio.timeout(START_SECONDS):
            for port in urls.values():
                await _ready(client, f"http://127.0.0.1:{port}")

    def _spawn(self, room: str, environment: Mapping[str, str]) -> None:
        with (self.data / "log" / f"{room}-{environment['ROUNDS_PORT']}.jsonl").open("ab") as log:
            command = [sys.executable, "-m", f"services.{room}"]
            process = subprocess.Popen(command, env=environment, stderr=log)  # noqa: S603 - the system that is measured
        self._running.append((room, process))

    def stop(self) -> None:
        """End every room in order."""
        for _, process in self._running:
            process.terminate()
        for _, process in self._running:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._running.clear()

    def cpu(self) -> Mapping[str, float]:
        """Return the CPU seconds so far of each room with its children, and of the servers."""
        used: dict[str, float] = defaultdict(float)
        for room, process in self._running:
            used[room] += _cpu_of(process.pid)
        used["PostgreSQL"] = _cpu_of(self.server.pid)
        used["Kafka"] = sum(_cpu_of(broker.pid) for broker in self.cluster.brokers)
        return used


def _cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process, its children that run and those that ended."""
    root = psutil.Process(pid)
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


async def _ready(client: httpx.AsyncClient, url: str) -> None:
    while True:
        try:
            if (await client.get(f"{url}/readyz")).is_success:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def servers(data: Path) -> AsyncIterator[Rooms]:
    """Run Kafka and PostgreSQL with a database for every room; rooms are started by hand and stopped at the end."""
    async with AsyncExitStack() as stack:
        cluster = stack.enter_context(kafka(data / "kafka"))
        server = stack.enter_context(postgres(data / "postgres"))
        for room in ROOMS:
            server.create(f"rounds_{room}")
        environment = {
            **os.environ,
            "ROUNDS_DATA": str(data),
            "ROUNDS_DATABASE_URL": server.template,
            "ROUNDS_DATABASE_UPGRADE": "true",
            "ROUNDS_KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap,
        }
        rooms = Rooms(data, server, cluster, environment)
        stack.callback(rooms.stop)
        yield rooms


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
