"""The whole distributed system of a drill: Kafka, PostgreSQL, proxies in front of both, and every room's processes."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from deploy.dev.kafka import KafkaCluster, kafka
from deploy.dev.kafka.layout import Listener, Security
from deploy.dev.postgres import ADMIN, PostgresServer, postgres
from tests.drill import witness
from tests.drill.clients import CANARY
from tests.drill.history import Leak
from tests.drill.processes import RoomProcess
from tests.drill.proxy import HOST, Proxy, bound
from tests.drill.wires import KafkaWire, PostgresWire

PROXIED = "PROXIED"
READY_SECONDS = 60.0
LOOK_SECONDS = 0.1
TWICE = ("booking", "routing", "dispatch", "witness")
SPEAKERS = ("booking", "geocoding", "routing", "dispatch")
ROOMS = ("booking", "geocoding", "routing", "dispatch", "board", "nurse_app", "witness")
LIGHT = {
    "ROUTING_ROUNDS": "1",
    "ROUTING_IMPROVE_SECONDS": "15",
    "ROUTING_LEASE_SECONDS": "5",
    "ROUNDS_DATABASE_POOL": "4",
    "ROUNDS_DATABASE_UPGRADE": "true",
    "ROUNDS_KAFKA_SESSION_SECONDS": "3",
    "OPENBLAS_NUM_THREADS": "1",
}
"""A day's search is not what is drilled; leases and sessions run out within a freeze."""
FULL_DISK = """
CREATE TABLE IF NOT EXISTS drill_disk (is_full boolean NOT NULL);
INSERT INTO drill_disk SELECT false WHERE NOT EXISTS (SELECT FROM drill_disk);
CREATE OR REPLACE FUNCTION drill_disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT is_full FROM drill_disk) THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER drill_disk BEFORE INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION drill_disk_full();
"""
"""What PostgreSQL says when its disk is full, said when the drill says so."""

type Off = Mapping[str, tuple[str, ...]]
"""Guards that are turned off, by room."""


@dataclass
class System:
    """What runs.

    Attributes:
        rooms: the processes by name.
    """

    folder: Path
    database: PostgresServer
    cluster: KafkaCluster
    database_proxy: Proxy
    broker_proxies: Sequence[Proxy]
    rooms: Mapping[str, RoomProcess]

    def doors(self, room: str) -> list[str]:
        """Return where the processes of a room listen."""
        return [process.url for process in self.rooms.values() if process.room == room]

    async def start_rooms(self, names: Sequence[str] = ()) -> None:
        """Start these processes, by default all, and wait until those with a door say that they are ready.

        Raises:
            TimeoutError: one does not, in time.
        """
        chosen = [process for name, process in self.rooms.items() if not names or name in names]
        for process in chosen:
            if not process.alive:
                process.start()
        deadline = time.monotonic() + READY_SECONDS
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            for process in chosen:
                while process.room != "witness" and not await _is_ready(http, process.url):
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{process.name} is not ready after {READY_SECONDS:.0f} s.")
                    await asyncio.sleep(LOOK_SECONDS)

    async def ask(self, room: str, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query to a room's database, past the proxy."""
        connection = await asyncpg.connect(f"postgresql://{ADMIN}@{HOST}:{self.database.port}/rounds_{room}")
        try:
            return [dict(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    async def prepare_full_disk(self) -> None:
        """Let every room's database be able to say that its disk is full."""
        for room in ROOMS:
            await asyncio.to_thread(self.database.sql, FULL_DISK, f"rounds_{room}")

    async def fill_disk(self, room: str, *, full: bool) -> None:
        """Fill the disk of a room's database, or free it."""
        await self.ask(room, f"UPDATE drill_disk SET is_full = {full}")  # noqa: S608 - a boolean

    async def backlog(self) -> int:
        """Return how many events have been said and not been seen by the witness."""
        said = [(await self.ask(room, "SELECT count(*) AS n FROM outbox"))[0]["n"] for room in SPEAKERS]
        seen = (await self.ask("witness", "SELECT count(*) AS n FROM effect"))[0]["n"]
        return int(sum(said) - seen)

    def leaks(self) -> list[Leak]:
        """Return the logs in which a patient's name can be read."""
        logs = (process.log for process in self.rooms.values())
        return [Leak(where=log.name) for log in logs if log.exists() and CANARY in log.read_text(errors="replace")]


@asynccontextmanager
async def running(
    folder: Path, brokers: int, off: Mapping[str, tuple[str, ...]] | None = None
) -> AsyncIterator[System]:
    """Start servers and proxies, and describe the rooms' processes; those are started by ``start_rooms``.

    Args:
        folder: holds everything; made if need be.
        brokers: one, or three that replicate.
        off: guards to turn off, by room, for a control run.

    Raises:
        Unavailable: a server cannot run on this machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL runs as somebody else when we are root
    async with AsyncExitStack() as stack:
        database = stack.enter_context(postgres(folder / "postgres", fsync=False))
        database.sql("ALTER SYSTEM SET track_commit_timestamp = on")
        database.stop()
        database.start()
        for room in ROOMS:
            database.create(f"rounds_{room}")
        for statement in witness.tables():
            database.sql(statement, "rounds_witness")
        doors = [bound() for _ in range(brokers)]
        listener = Listener(PROXIED, "PLAINTEXT", proxies=[door.getsockname()[1] for door in doors])
        cluster = stack.enter_context(kafka(folder / "kafka", brokers, security=Security(listeners=[listener])))
        database_proxy = await stack.enter_async_context(Proxy(PostgresWire, bound(), database.port).running())
        broker_proxies = [
            await stack.enter_async_context(Proxy(KafkaWire, door, broker.ports[PROXIED]).running())
            for door, broker in zip(doors, cluster.brokers, strict=True)
        ]
        bootstrap = ",".join(f"{HOST}:{proxy.port}" for proxy in broker_proxies)
        template = database.template.replace(f":{database.port}/", f":{database_proxy.port}/")
        rooms = _rooms(folder, template, bootstrap, brokers, off or {})
        system = System(folder, database, cluster, database_proxy, broker_proxies, rooms)
        try:
            yield system
        finally:
            for process in rooms.values():
                process.kill()


def _rooms(folder: Path, template: str, bootstrap: str, replication: int, off: Off) -> Mapping[str, RoomProcess]:
    names = [f"{room}-{number}" for room in ROOMS for number in range(2 if room in TWICE else 1)]
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    peers = {
        room: ",".join(f"http://{HOST}:{port}" for name, port in ports.items() if name.rpartition("-")[0] == room)
        for room in ROOMS
    }
    shared = {
        **LIGHT,
        "ROUNDS_DATA": str(folder / "data"),
        "ROUNDS_DATABASE_URL": template,
        "ROUNDS_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "ROUNDS_KAFKA_REPLICATION": str(replication),
        "ROUNDS_PEERS": json.dumps(peers),
    }
    return {
        name: RoomProcess(
            name,
            name.rpartition("-")[0],
            port,
            {**shared, "ROUNDS_PORT": str(port), "ROUNDS_KAFKA_INSTANCE": name},
            folder,
            off.get(name.rpartition("-")[0], ()),
        )
        for name, port in ports.items()
    }


def _free_ports(count: int) -> list[int]:
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.bind((HOST, 0))
        socks.append(sock)
    ports = [int(sock.getsockname()[1]) for sock in socks]
    for sock in socks:
        sock.close()
    return ports


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/readyz") as reply:
            return reply.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
