"""The relay: publishes a room's outbox in order. One works at a time, under a lease."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from shared.bus.port import Bus
from shared.bus.waiting import jittered, wait_any
from shared.clock import Clock, utc_now
from shared.db.lease import Leases, new_holder
from shared.db.outbox import Outbox, Pending
from shared.db.session import Database
from shared.db.transient import is_transient
from shared.errors import TransientError
from shared.observability.metrics import BUS_FAILURES

LEASE = "relay"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """How a relay paces itself.

    Attributes:
        batch: rows published at once.
        lease: how long the duty is taken for; another relay waits this long for a holder that vanished.
        gather_seconds: how long to let events gather after the first: a burst then goes out in a few batches.
        poll_seconds: how often to look without having been woken: a row may come from another process.
        retry_cap_seconds: the longest pause while the bus is away.
        keep: how long published rows stay, as evidence.
        prune_every: how often the older ones are deleted.
        prune_rows: how many of them in one transaction; while there are more, they go between the batches.
    """

    batch: int = 200
    lease: timedelta = timedelta(seconds=15)
    gather_seconds: float = 0.01
    poll_seconds: float = 1.0
    retry_cap_seconds: float = 5.0
    keep: timedelta = timedelta(days=14)
    prune_every: timedelta = timedelta(hours=1)
    prune_rows: int = 5_000


class Relay:
    """Publishes what waits in the outbox, then marks it: at least once, in the order of insertion.

    Args:
        db: the room's database.
        bus: where to.
        outbox: the room's outbox.
        leases: the room's leases.
        settings: pacing.
        clock: for the lease and for pruning.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        outbox: Outbox,
        leases: Leases,
        *,
        settings: RelaySettings | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._db = db
        self._bus = bus
        self._outbox = outbox
        self._leases = leases
        self._settings = settings or RelaySettings()
        self._clock = clock
        self._holder = new_holder()
        self._held_until: datetime | None = None
        self._pruned_at: datetime | None = None
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; then publish what still waits, if the bus is there, and give the lease back."""
        commits = self._db.commits()
        try:
            while not stop.is_set():
                commits.clear()
                pause = await self._shift()
                if pause:
                    await wait_any(pause, stop)
                else:
                    await wait_any(self._settings.poll_seconds, stop, commits)
                    await wait_any(self._settings.gather_seconds, stop)
            await self._shift()
        finally:
            await self._release()

    async def _shift(self) -> float:
        """Publish all that waits; return how long to stay away, 0 if all went well.

        A failure that passes by itself is logged when it begins and when it is over. Any other stops the relay.
        """
        try:
            if not await self._hold_lease():
                return self._settings.lease.total_seconds() / 5
            await self._drain()
            await self._prune()
        except Exception as error:
            if not is_transient(error):
                raise
            self._failures += 1
            if self._failures == 1:
                log.warning("paused_relay", reason=str(error) or type(error).__name__)
            return jittered(self._failures, first=0.1, cap=self._settings.retry_cap_seconds)
        if self._failures:
            log.info("resumed_relay", failures=self._failures)
            self._failures = 0
        return 0.0

    async def _drain(self) -> None:
        """Publish batch after batch until less than a batch waits, or the lease is lost."""
        while await self._hold_lease():
            async with self._db.reading() as session:
                batch = await self._outbox.waiting(session, self._settings.batch)
            if batch:
                await self._send(batch)
            if len(batch) < self._settings.batch:
                return

    async def _send(self, batch: Sequence[Pending]) -> None:
        # A send that outlives the lease could land after a newer one of the next holder.
        try:
            async with asyncio.timeout(self._seconds_left()):
                await self._bus.publish([row.message for row in batch])
        except (TransientError, TimeoutError):
            BUS_FAILURES.labels(self._outbox.room).inc()
            raise
        async with self._db.transaction(quiet=True) as session:
            await self._outbox.mark(session, batch, self._clock())

    async def _hold_lease(self) -> bool:
        """Take or renew the lease in good time; tell whether this relay may publish."""
        if self._seconds_left() < self._settings.lease.total_seconds() / 2:
            now = self._clock()
            until = now + self._settings.lease
            async with self._db.transaction(quiet=True) as session:
                taken = await self._leases.take(session, LEASE, self._holder, now=now, until=until)
            self._held_until = until if taken else now
        return self._seconds_left() > 0

    def _seconds_left(self) -> float:
        return (self._held_until - self._clock()).total_seconds() if self._held_until else 0.0

    async def _prune(self) -> None:
        now = self._clock()
        if self._pruned_at is None or now - self._pruned_at >= self._settings.prune_every:
            self._pruned_at = now  # what fails is tried again at its time; meanwhile events go out
            async with self._db.transaction(quiet=True) as session:
                gone = await self._outbox.prune(session, now - self._settings.keep, self._settings.prune_rows)
            if gone == self._settings.prune_rows:
                self._pruned_at = None

    async def _release(self) -> None:
        try:
            async with self._db.transaction() as session:
                await self._leases.release(session, LEASE, self._holder)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("left_lease", until=self._held_until, reason=type(error).__name__)  # it runs out by itself
