"""The consumer: reads as one group of the bus, handles each event once, and decides what becomes of a failure.

The group's offset follows the transactions, so a crash in between means that records come again and the inbox says so.
"""

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from shared.bus.dead_letters import bury
from shared.bus.handling import Handler, Handling
from shared.bus.port import Bus, LaneRevokedError, Record, Subscription, TopicPartition
from shared.bus.tally import Tally
from shared.bus.waiting import jittered, wait_any
from shared.clock import Clock, utc_now
from shared.db.inbox import Inbox
from shared.db.outbox import Outbox
from shared.db.session import Database
from shared.db.transient import is_broken_off, is_transient
from shared.errors import PoisonError, TransientError
from shared.events.registry import Event

ANSWER_SECONDS = 5.0
"""A database that answers within this is there, so that what took too long is the record's own fault."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """How a consumer paces itself.

    Attributes:
        batch: records taken at once; a crash may have them all come again.
        burst_seconds: how long a transaction may go on taking records in; 0 gives each record its own.
        attempts: how often a handler may fail for a reason unknown before its record goes to the dead letters.
        late_attempts: how often it may take too long, while the database answers, before its record goes there.
        first_pause_seconds: the pause after the first failure; it doubles from there.
        retry_cap_seconds: the longest pause between attempts, far below a broker's patience with a silent member.
        handler_seconds: a handler that takes longer is broken off and tried again.
        poll_seconds: how long to wait for records at a time.
        lag_seconds: how often to look how much waits.
        stalled_seconds: with records waiting and none coming for this long, the subscription is made anew.
        keep: how long the inbox remembers; longer than any topic keeps records.
        prune_every: how often the older rows are deleted.
        prune_rows: how many of them in one transaction; while there are more, they go between the records.
    """

    batch: int = 100
    burst_seconds: float = 0.05
    attempts: int = 5
    late_attempts: int = 20
    first_pause_seconds: float = 0.05
    retry_cap_seconds: float = 15.0
    handler_seconds: float = 30.0
    poll_seconds: float = 5.0
    lag_seconds: float = 5.0
    stalled_seconds: float = 60.0
    keep: timedelta = timedelta(days=120)
    prune_every: timedelta = timedelta(hours=6)
    prune_rows: int = 5_000


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What a lane waits on: a record, how often it failed, and how often that was the record's own failure."""

    offset: int
    failures: int = 0
    own: int = 0


class Consumer[R]:
    """Reads the topics of its handlers' events and handles each event once.

    Args:
        group: the group on the bus and the name in the inbox; the room's name, as a rule.
        bus: where from.
        db: the room's database.
        handlers: event class to handler: the room's whole story of what it listens to.
        inbox: the room's inbox.
        outbox: the room's outbox; None for a room that says nothing.
        room: handed to the handlers as ``deps.room``.
        settings: pacing.
        clock: for the inbox and the dead letters.
        on_buried: told of each record that went to the dead letters, with the reason; once or, after a crash, again.
    """

    def __init__(  # noqa: PLR0913 - the parts it joins
        self,
        group: str,
        bus: Bus,
        db: Database,
        handlers: Mapping[type[Event], Handler],
        *,
        inbox: Inbox,
        room: R,
        outbox: Outbox | None = None,
        settings: ConsumerSettings | None = None,
        clock: Clock = utc_now,
        on_buried: Callable[[Record, str], Awaitable[None]] | None = None,
    ) -> None:
        self._group = group
        self._on_buried = on_buried
        self._bus = bus
        self._db = db
        self._topics = sorted({event.topic for event in handlers})
        self._inbox = inbox
        self._handling = Handling(group, db, handlers, inbox, outbox, room, clock)
        self._settings = settings or ConsumerSettings()
        self._clock = clock
        self._trouble: dict[TopicPartition, _Trouble] = {}
        self._lost_bus = 0
        self._pruned_at: datetime | None = None
        self._lag_at = 0.0
        self.tally = Tally(group)
        self.hears = frozenset(event.event_type for event in handlers)
        """The types it handles."""
        self.alive_at = time.monotonic()
        """When it last came round; it does every few minutes at the latest, whatever the bus and the database do."""

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop; then finish the record in hand, commit, and leave the group."""
        while not stop.is_set():
            self.alive_at = time.monotonic()
            try:
                async with self._bus.subscribe(self._group, self._topics) as subscription:
                    await self._consume(subscription, stop)
            except TransientError as error:
                self._lost_bus += 1
                self.tally.note_lost_bus()
                if self._lost_bus == 1:
                    log.warning("lost_bus", group=self._group, reason=str(error))
                await wait_any(self._pause(self._lost_bus), stop)

    async def _consume(self, subscription: Subscription, stop: asyncio.Event) -> None:
        """Work through what comes; return when told to stop, or when nothing comes although something waits."""
        deaf_since: float | None = None
        while not stop.is_set():
            self.alive_at = time.monotonic()
            await self._look_at_lag(subscription)
            records = await self._next(subscription, stop)
            if records:
                deaf_since = None
                await self._work(subscription, records, stop)
            elif not any((await subscription.lag()).values()):
                deaf_since = None
            elif deaf_since is None:
                deaf_since = time.monotonic()
            elif time.monotonic() - deaf_since >= self._settings.stalled_seconds:
                log.warning("rebuilt_subscription", group=self._group, silent_seconds=self._settings.stalled_seconds)
                self.tally.note_rebuilt()
                return
            if self._lost_bus:  # it takes commits again, too: a full disk can be read from all the time
                log.info("found_bus", group=self._group, failures=self._lost_bus)
                self._lost_bus = 0
            await self._prune()

    async def _look_at_lag(self, subscription: Subscription) -> None:
        if self.alive_at - self._lag_at >= self._settings.lag_seconds:
            self._lag_at = self.alive_at
            self.tally.note_lag(await subscription.lag())

    async def _next(self, subscription: Subscription, stop: asyncio.Event) -> Sequence[Record]:
        """Poll, but not beyond the stop and not for ever: a client may hang after its broker came back."""
        poll = asyncio.ensure_future(subscription.poll(self._settings.batch, self._settings.poll_seconds))
        halt = asyncio.ensure_future(stop.wait())
        patience = self._settings.poll_seconds + self._settings.stalled_seconds
        try:
            await asyncio.wait({poll, halt}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            return poll.result() if poll.done() else ()
        finally:
            halt.cancel()
            poll.cancel()

    async def _work(self, subscription: Subscription, records: Sequence[Record], stop: asyncio.Event) -> None:
        """Handle a batch in order. A lane whose record failed waits; the other lanes go on."""
        settled: dict[TopicPartition, int] = {}
        stuck: set[TopicPartition] = set()
        waiting = deque(records)
        together = not any(record.lane in self._trouble for record in records)
        while waiting and not stop.is_set():
            self.alive_at = time.monotonic()
            done = await self._burst(waiting) if together else []
            together = bool(done)
            for record in done:
                settled[record.lane] = record.offset + 1
            if done:
                continue
            record = waiting.popleft()
            if record.lane in stuck:
                continue
            if await self._settle(record):
                settled[record.lane] = record.offset + 1
                self._trouble.pop(record.lane, None)
            else:
                stuck.add(record.lane)
        await self._commit(subscription, settled)
        if stuck:
            subscription.rewind()
            await wait_any(self._pause(max(self._trouble[lane].failures for lane in stuck)), stop)

    async def _commit(self, subscription: Subscription, settled: Mapping[TopicPartition, int]) -> None:
        try:
            if settled:
                await subscription.commit(settled)
        except LaneRevokedError as error:
            # What is still ours comes again, and the inbox knows it.
            log.info("dropped_commit", group=self._group, reason=str(error))
            subscription.rewind()

    async def _burst(self, waiting: deque[Record]) -> list[Record]:
        """Handle the first records together and take them off the queue; none if one of them failed."""
        try:
            async with asyncio.timeout(self._settings.handler_seconds):
                outcomes = await self._handling.handle(waiting, self._settings.burst_seconds)
        except Exception:  # noqa: BLE001 - whatever it was comes up again when its record is handled alone
            return []
        done = [waiting.popleft() for _ in outcomes]
        for record, outcome in zip(done, outcomes, strict=True):
            self.tally.note(record, outcome)
        return done

    async def _settle(self, record: Record) -> bool:
        """Handle a record alone, or bury it; False if it has to come again."""
        limit = asyncio.timeout(self._settings.handler_seconds)
        try:
            async with limit:
                (outcome,) = await self._handling.handle([record], 0)
        except PoisonError as error:
            return await self._bury(record, str(error))
        except Exception as error:  # noqa: BLE001 - one bad record must not end the room; nothing is lost or hidden
            return await self._failed(record, error, late=limit.expired() or is_broken_off(error))
        self.tally.note(record, outcome)
        return True

    async def _failed(self, record: Record, error: Exception, *, late: bool) -> bool:
        """Bury a record that failed often enough by itself; what is away is waited for however long it takes."""
        own = late or not is_transient(error)
        trouble = self._note_trouble(record, own=own)
        if late and trouble.own >= self._settings.late_attempts and await self._database_answers():
            return await self._bury(record, f"took too long: {_where(error)}, {trouble.own} attempts")
        if own and not late and trouble.own >= self._settings.attempts:
            return await self._bury(record, f"{_where(error)}, {trouble.own} attempts")
        if trouble.failures == 1:
            log.warning("retrying_record", group=self._group, reason=_where(error), **_address(record))
        return False

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self._db.reading() as session:
                await (await session.connection()).exec_driver_sql("SELECT 1")
        except Exception as error:
            if not is_transient(error):
                raise
            return False
        return True

    async def _bury(self, record: Record, reason: str) -> bool:
        try:
            await bury(self._bus, record, self._group, reason, self._clock())
            if self._on_buried is not None:
                await self._on_buried(record, reason)
        except Exception as error:
            if not is_transient(error):
                raise
            if self._note_trouble(record).failures == 1:
                log.warning("postponed_dead_letter", group=self._group, reason=_where(error), **_address(record))
            return False
        self.tally.note_buried(record)
        log.error("buried_record", group=self._group, reason=reason, **_address(record))
        return True

    def _note_trouble(self, record: Record, *, own: bool = False) -> _Trouble:
        known = self._trouble.get(record.lane)
        if known is None or known.offset != record.offset:
            known = _Trouble(record.offset)
        self._trouble[record.lane] = replace(known, failures=known.failures + 1, own=known.own + own)
        self.tally.note_failure(record)
        return self._trouble[record.lane]

    def _pause(self, failures: int) -> float:
        return jittered(failures, first=self._settings.first_pause_seconds, cap=self._settings.retry_cap_seconds)

    async def _prune(self) -> None:
        now = self._clock()
        if self._pruned_at is not None and now - self._pruned_at < self._settings.prune_every:
            return
        self._pruned_at = now
        try:
            async with self._db.transaction() as session:
                gone = await self._inbox.prune(session, now - self._settings.keep, self._settings.prune_rows)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("postponed_pruning", group=self._group, reason=_where(error))
        else:
            if gone == self._settings.prune_rows:
                self._pruned_at = None


def _address(record: Record) -> dict[str, object]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def _where(error: Exception) -> str:
    """Return an error's kind and the line it came from. Its text may quote a value, and a value may be a patient's."""
    if isinstance(error, TransientError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    line = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{line}"
