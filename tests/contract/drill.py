"""The crash drill: a process of its own says, relays and consumes until it is killed at a named point."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel.ext.asyncio.session import AsyncSession

from shared.bus.handling import Deps
from shared.bus.port import Bus, Message, Record, Subscription, TopicPartition
from shared.db.inbox import Inbox
from shared.db.outbox import Outbox, Pending
from shared.events.booking import VisitCancelled
from shared.events.ids import EventId
from tests.contract.conftest import HANDLES
from tests.contract.room import TinyRoom, fact, on_visit_cancelled

INTAKE = ("intake before commit", "intake after commit")
RELAY = ("relay before send", "relay after send", "relay after mark")
CONSUMER = (
    "consumer before transaction",
    "consumer after inbox",
    "consumer after effect",
    "consumer before offset",
    "consumer after offset",
)
POINTS = (*INTAKE, *RELAY, *CONSUMER)

VISITS, VERSIONS = 5, 12


@dataclass
class Fuse:
    """Kills the process, as ``kill -9`` would, the n-th time its point is reached."""

    point: str
    passes: int

    def reach(self, point: str) -> None:
        """Pass a point."""
        if point == self.point:
            self.passes -= 1
            if self.passes <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class FusedBus:
    """A bus with a fuse around sending and around committing."""

    def __init__(self, bus: Bus, fuse: Fuse) -> None:
        self._bus, self._fuse = bus, fuse
        self.start, self.stop, self.tail = bus.start, bus.stop, bus.tail

    @property
    def trouble(self) -> str | None:
        return self._bus.trouble

    async def publish(self, messages: Sequence[Message]) -> None:
        self._fuse.reach("relay before send")
        await self._bus.publish(messages)
        self._fuse.reach("relay after send")

    def subscribe(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        return self._subscribe(group, topics)

    @asynccontextmanager
    async def _subscribe(self, group: str, topics: Sequence[str]) -> AsyncIterator[Subscription]:
        async with self._bus.subscribe(group, topics) as subscription:
            yield FusedSubscription(subscription, self._fuse)


class FusedSubscription:
    """A subscription with a fuse before the records are handled and around the offset."""

    def __init__(self, subscription: Subscription, fuse: Fuse) -> None:
        self._subscription, self._fuse = subscription, fuse
        self.lag, self.rewind = subscription.lag, subscription.rewind

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Record]:
        records = await self._subscription.poll(max_records, wait_seconds)
        if records:
            self._fuse.reach("consumer before transaction")
        return records

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._fuse.reach("consumer before offset")
        await self._subscription.commit(offsets)
        self._fuse.reach("consumer after offset")


def fuse_outbox(outbox: Outbox, fuse: Fuse) -> None:
    """Put a fuse after the mark's commit: when the relay next looks for rows."""
    mark, waiting = outbox.mark, outbox.waiting
    marked = False

    async def note_mark(session: AsyncSession, published: Sequence[Pending], now: datetime) -> None:
        nonlocal marked
        await mark(session, published, now)
        marked = True

    async def look(session: AsyncSession, limit: int) -> list[Pending]:
        if marked:
            fuse.reach("relay after mark")
        return await waiting(session, limit)

    outbox.mark = note_mark  # type: ignore[method-assign]
    outbox.waiting = look  # type: ignore[method-assign]


def fuse_handler(fuse: Fuse) -> Callable[[VisitCancelled, Deps[TinyRoom]], Awaitable[None]]:
    """Return the room's handler with a fuse before and after its effect."""

    async def handler(event: VisitCancelled, deps: Deps[TinyRoom]) -> None:
        fuse.reach("consumer after inbox")
        await on_visit_cancelled(event, deps)
        fuse.reach("consumer after effect")

    return handler


def forget(inbox: Inbox) -> None:
    """Turn the inbox's guard off, for the control run."""

    async def always_new(
        _session: AsyncSession, _consumer: str, _event: EventId, _now: datetime, **_about: str | None
    ) -> bool:
        return True

    inbox.first_sight = always_new  # type: ignore[assignment,method-assign]  # its connection is never needed


async def intake(room: TinyRoom, fuse: Fuse, acknowledged: Path) -> None:
    """Say every version of every visit, and write down what was acknowledged."""
    with acknowledged.open("ab", buffering=0) as receipt:
        for version in range(1, VERSIONS + 1):
            for visit in range(VISITS):
                async with room.db.transaction() as session:
                    (event_id,) = await room.outbox.add(session, fact(visit, version))
                    fuse.reach("intake before commit")
                fuse.reach("intake after commit")
                receipt.write(f"{event_id}\n".encode())


async def live(adapter: str, folder: Path, fuse: Fuse, *, remember: bool) -> None:
    """Run the whole chain until the fuse blows."""
    room = TinyRoom.at(folder / "room.sqlite")
    await room.create()
    bus = HANDLES[adapter](folder)
    await bus.start()
    fused = FusedBus(bus, fuse)
    fuse_outbox(room.outbox, fuse)
    if not remember:
        forget(room.inbox)
    stop = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(room.relay(fused).run(stop))
        tasks.create_task(room.consumer(fused, handlers={VisitCancelled: fuse_handler(fuse)}).run(stop))
        tasks.create_task(intake(room, fuse, folder / "acknowledged"))


def live_until_killed(adapter: str, folder: Path, point: str, passes: int, remember: bool) -> None:  # noqa: FBT001 - a process's arguments
    """Be a process; the entry point of the drill."""
    asyncio.run(live(adapter, folder, Fuse(point, passes), remember=remember))
