"""The nemesis: kills, freezes, cuts and fills, at a rate, and heals what it did. Everything it does is on record."""

import asyncio
import random
import signal
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from shared.bus.waiting import wait_any
from tests.drill.fuses import AT_START, POINTS
from tests.drill.history import Fault
from tests.drill.processes import RoomProcess
from tests.drill.proxy import Mishap
from tests.drill.system import ROOMS, System
from tests.drill.wires import Request

FUSE_SECONDS = 8.0
LOOK_SECONDS = 0.03
AWAY_SECONDS = (0.0, 1.0)
SHORT_FREEZE, LONG_FREEZE = (4.0, 9.0), (20.0, 35.0)
LONG_FREEZES = 0.15
AGAIN_SECONDS = 0.5
LATE_FUSE = "a fuse that burned late"
EARLY_FUSE = "a fuse lit before its process listened"
SWEEPS = 4
SPOILED = (Request.PRODUCE, Request.PRODUCE, Request.OFFSET_COMMIT, Request.HEARTBEAT, Request.FETCH)


@dataclass
class Nemesis:
    """What goes wrong.

    Attributes:
        faults: what was done so far.
        ended: how processes ended by themselves before they were started again, one sentence each.
    """

    system: System
    seed: int
    began: float = field(default_factory=time.monotonic)
    faults: list[Fault] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    _random: random.Random = field(init=False)
    _held: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - faults that can be made again

    @property
    def points(self) -> Counter[str]:
        """How often each crash point killed a process."""
        known = {point for points in POINTS.values() for point in points}
        return Counter(fault.kind for fault in self.faults if fault.kind in known)

    async def run(self, per_minute: float, stop: asyncio.Event) -> None:
        """Do harm until told to stop; return when the last of it is healed."""
        menu = {
            self.crash_at_a_point: 12,
            self.kill_a_room: 5,
            self.freeze_a_room: 2,
            self.lose_an_acknowledgement: 10,
            self.freeze_connections: 0.5,
            self.fill_a_disk: 1,
            self.kill_a_broker: 0.7,
            self.freeze_a_broker: 0.4,
            self.kill_the_database: 0.7,
            self.kill_everything: 0.15,
        }
        keeping = asyncio.create_task(self._keep_alive(stop))
        async with asyncio.TaskGroup() as deeds:
            while not stop.is_set():
                (deed,) = self._random.choices(list(menu), list(menu.values()))
                deeds.create_task(deed())
                await wait_any(self._random.expovariate(per_minute / 60), stop)
        await keeping

    async def crash_at_a_point(self, point: str = "") -> None:
        """Kill a process at a named point, the one that was met least so far if none is named."""
        place = [(found, room) for room, points in POINTS.items() for found in points if not point or found == point]
        met = self.points
        chosen, room = min(place, key=lambda each: (met[each[0]], self._random.random()))
        process = self._one_of(room)
        lock = self._held[process.name]
        async with lock:
            if chosen in AT_START:
                process.kill()
                process.start(chosen)
            else:
                process.light(chosen, 1 if point else self._random.choice((1, 1, 2, 5)))
            if await _ended(process, FUSE_SECONDS):
                self._account(process, chosen)
                await asyncio.sleep(self._random.uniform(*AWAY_SECONDS))
                process.start()
            else:
                process.light("")
                if await _ended(process, LOOK_SECONDS):
                    self._account(process, chosen)
                    process.start()

    async def sweep(self) -> None:
        """Kill at every point that was not met yet."""
        missing = sorted({point for points in POINTS.values() for point in points} - set(self.points))
        async with asyncio.TaskGroup() as deeds:
            for point in missing:
                deeds.create_task(self._insist(point))

    async def _insist(self, point: str) -> None:
        for _ in range(SWEEPS):
            if not self.points[point]:
                await self.crash_at_a_point(point)

    async def kill_a_room(self) -> None:
        """Kill a process at any moment."""
        process = self._one_of(self._random.choice(ROOMS))
        async with self._held[process.name]:
            process.kill()
            self._note("kill -9 of a room", process.name)
            await asyncio.sleep(self._random.uniform(*AWAY_SECONDS))
            process.start()

    async def freeze_a_room(self) -> None:
        """Stop a process for longer than its leases, its session or a transaction; then it goes on as a zombie."""
        process = self._one_of(self._random.choice(ROOMS))
        async with self._held[process.name]:
            process.freeze()
            self._note("SIGSTOP of a room", process.name)
            span = LONG_FREEZE if self._random.random() < LONG_FREEZES else SHORT_FREEZE
            await asyncio.sleep(self._random.uniform(*span))
            process.thaw()

    async def lose_an_acknowledgement(self) -> None:
        """Lose, cut or delay the next answer of a kind."""
        mishap = self._random.choice((Mishap.LOSE, Mishap.LOSE, Mishap.CUT, Mishap.DELAY))
        if self._random.random() < 0.4:
            proxy, request = self.system.database_proxy, Request.COMMIT
        else:
            proxy, request = self._random.choice(list(self.system.broker_proxies)), self._random.choice(SPOILED)
        before = proxy.happened[request, mishap]
        proxy.want(request, mishap)
        until = time.monotonic() + FUSE_SECONDS
        while proxy.happened[request, mishap] == before and time.monotonic() < until:  # noqa: ASYNC110 - seconds apart
            await asyncio.sleep(LOOK_SECONDS)
        if proxy.happened[request, mishap] > before:
            self._note(f"{mishap}: {request}", "proxy")

    async def freeze_connections(self) -> None:
        """Let nothing through to a server for a while."""
        proxy = self._random.choice([self.system.database_proxy, *self.system.broker_proxies])
        self._note("connections frozen", str(proxy.port))
        await proxy.freeze(self._random.uniform(1, 4))

    async def fill_a_disk(self) -> None:
        """Have a room's database refuse what is new for a while."""
        room = self._random.choice(ROOMS)
        async with self._held["database"]:
            await self.system.fill_disk(room, full=True)
            self._note("disk full", f"database of {room}")
            await asyncio.sleep(self._random.uniform(0.5, 3))
            await self.system.fill_disk(room, full=False)

    async def kill_a_broker(self) -> None:
        """Kill a broker and start it again."""
        broker = self._random.choice(self.system.cluster.brokers)
        async with self._held["brokers"]:
            broker.kill()
            self._note("kill -9 of a broker", str(broker.node))
            await asyncio.sleep(self._random.uniform(0, 3))
            await asyncio.to_thread(broker.start)

    async def freeze_a_broker(self) -> None:
        """Stop a broker for about as long as its session."""
        broker = self._random.choice(self.system.cluster.brokers)
        async with self._held["brokers"]:
            broker.pause()
            self._note("SIGSTOP of a broker", str(broker.node))
            await asyncio.sleep(self._random.uniform(1, 5))
            broker.resume()

    async def kill_the_database(self) -> None:
        """Kill PostgreSQL and start it again."""
        async with self._held["database"]:
            await asyncio.to_thread(self.system.database.kill)
            self._note("kill -9 of the database", "postgres")
            await asyncio.sleep(self._random.uniform(0, 3))
            await asyncio.to_thread(self.system.database.start)

    async def kill_everything(self) -> None:
        """Let the power fail."""
        processes = list(self.system.rooms.values())
        names = sorted(["brokers", "database", *(process.name for process in processes)])
        for name in names:
            await self._held[name].acquire()
        try:
            for process in processes:
                process.kill()
            for broker in self.system.cluster.brokers:
                broker.kill()
            await asyncio.to_thread(self.system.database.kill)
            self._note("all at once", "everything")
            for process in processes:
                process.start()
            await asyncio.sleep(self._random.uniform(0, 1))
            for broker in self.system.cluster.brokers:
                broker.launch()
            await asyncio.to_thread(self.system.database.start)
            for broker in self.system.cluster.brokers:
                await asyncio.to_thread(broker.wait_ready, 1)
        finally:
            for name in names:
                self._held[name].release()

    def heal(self) -> None:
        """Put out every fuse and let every connection be."""
        for proxy in (self.system.database_proxy, *self.system.broker_proxies):
            proxy.calm()
        for process in self.system.rooms.values():
            process.light("")
            if not process.alive:
                process.start()

    async def _keep_alive(self, stop: asyncio.Event) -> None:
        """Start again what ended by itself, as whatever runs containers would."""
        while not stop.is_set():
            for process in self.system.rooms.values():
                lock = self._held[process.name]
                if not lock.locked() and not process.alive:
                    self._account(process, LATE_FUSE)
                    process.start()
            await asyncio.sleep(AGAIN_SECONDS)

    def _one_of(self, room: str) -> RoomProcess:
        return self._random.choice([process for process in self.system.rooms.values() if process.room == room])

    def _account(self, process: RoomProcess, kind: str) -> None:
        """Note how a process ended: by the fuse that was lit, by one that it could not read yet, or by itself."""
        if process.exit_code == -signal.SIGKILL:  # nobody but the drill sends that one
            self._note(kind, process.name)
        elif process.exit_code == -signal.SIGUSR1:
            self._note(EARLY_FUSE, process.name)
        else:
            self.ended.append(f"{process.name} ended by itself with exit code {process.exit_code}.")

    def _note(self, kind: str, target: str) -> None:
        self.faults.append(Fault(kind=kind, target=target, at=round(time.monotonic() - self.began, 3)))


async def _ended(process: RoomProcess, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while process.alive and time.monotonic() < until:  # noqa: ASYNC110 - a process gives the loop no sign
        await asyncio.sleep(LOOK_SECONDS)
    return not process.alive
