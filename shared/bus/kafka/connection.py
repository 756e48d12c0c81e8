"""The connection that is kept: a producer that is looked after, and the sentence that says why there is none."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.bus.kafka import topics as brokers_topics
from shared.bus.kafka.client import client_options, explained, quieten, quietly_stopped
from shared.bus.kafka.probes import first_trouble
from shared.bus.kafka.settings import KafkaSettings
from shared.bus.port import Message
from shared.bus.waiting import jittered
from shared.errors import TransientError
from shared.events.topics import RECORD_BYTES, TopicSpec

LOOK_SECONDS = 2.0
"""How often a connection that works is looked at."""
PATIENCE_SECONDS = 3.0
"""A broker that does not answer within this long is away; a batch it did not acknowledge is sent again, numbered."""
HOPELESS_SECONDS = 12.0
"""Connecting and looking end by themselves, but for a broker that answers and never gives a producer its number."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
BATCH_BYTES = 256 << 10

log = structlog.get_logger()


class Connection:
    """A producer that comes and goes with its brokers.

    One task connects, looks every two seconds whether the brokers are there and have all topics, and makes a new
    producer when the old one can no longer be used: after a fatal error, or after a publish that was not acknowledged
    in time. An idempotent send never expires by itself; what is given up here is sent again from the outbox.

    Attributes:
        trouble: why nothing can be published now; None when all is well.
        failures: how often a connection or a look at it failed.
        rebuilt: how often a producer was thrown away.
    """

    def __init__(self, settings: KafkaSettings, topics: Mapping[str, TopicSpec]) -> None:
        self._settings = settings
        self._topics = topics
        self._producer: AIOKafkaProducer | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._discarding: set[asyncio.Task[None]] = set()
        self._tried = asyncio.Event()
        self._look_again = asyncio.Event()
        self._library = quieten()
        self._lost_at: tuple[float, int, int] | None = None
        self.trouble: str | None = "The bus is not open. Start it before using it."
        self.failures = 0
        self.rebuilt = 0

    async def open(self) -> None:
        """Begin to connect; return when the first attempt is over, however it went.

        Raises:
            ConfigurationError: a setting cannot work, whatever the brokers do.
        """
        client_options(self._settings)
        if self._keeping is None:
            self._tried.clear()
            self._keeping = asyncio.create_task(self._keep(), name="keep-kafka")
        await self._tried.wait()

    async def close(self) -> None:
        """Send what is being sent, and disconnect."""
        if self._keeping is None:
            return
        self._keeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeping
        self._keeping = None
        producer, self._producer = self._producer, None
        self.trouble = "The bus is stopped. Start it again before using it."
        if producer is not None:
            await _discard(producer)
        await asyncio.gather(*self._discarding)

    def check(self) -> None:
        """Refuse while there is trouble.

        Raises:
            TransientError: says what the trouble is.
        """
        if self.trouble is not None:
            raise TransientError(self.trouble)

    async def send(self, messages: Sequence[Message]) -> None:
        """Publish, in order; every message is acknowledged by enough brokers when this returns.

        Raises:
            TransientError: some or all were not acknowledged in time.
            ConfigurationError: a message is larger than the brokers take.
        """
        self.check()
        producer = self._producer
        if producer is None:
            raise TransientError("Kafka is being connected to. It is tried again.")
        try:
            async with asyncio.timeout(self._settings.publish_seconds):
                acknowledgements = [await self._hand_over(producer, message) for message in messages]
                await asyncio.gather(*acknowledgements)
        except BaseException as error:
            # A lost batch leaves a gap in the producer's numbering, and what is still under way must not arrive behind
            # what its sender does next: after any failure, cancellation included, this producer is not used again.
            self._give_up(producer)
            if isinstance(error, KafkaError | OSError | TimeoutError):
                raise explained(error, self._settings) from error
            raise

    async def _hand_over(self, producer: AIOKafkaProducer, message: Message) -> "asyncio.Future[object]":
        sent: asyncio.Future[object] = await producer.send(
            self._settings.outside(message.topic),
            message.value,
            message.key,
            headers=list(message.headers.items()),
        )
        return sent

    def _give_up(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            self.rebuilt += 1
            self._look_again.set()
            discarding = asyncio.create_task(_discard(producer), name="discard-producer")
            self._discarding.add(discarding)
            discarding.add_done_callback(self._discarding.discard)

    async def _keep(self) -> None:
        """Connect, look, connect again, until cancelled."""
        failures = 0
        while True:
            self._look_again.clear()
            try:
                await self._connect_or_look()
            except Exception as error:  # noqa: BLE001 - the library lets a KeyError through for a refused password
                failures += 1
                self._lose(await first_trouble(self._settings) or str(explained(error, self._settings)))
            else:
                failures = 0
                self._find()
            self._tried.set()
            pause = jittered(failures, first=FIRST_PAUSE, cap=LONGEST_PAUSE) if failures else LOOK_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._look_again.wait()

    async def _connect_or_look(self) -> None:
        if self._producer is None:
            # The client's own time-out closes what it opened; cancelling it from outside would leave that open.
            options = client_options(self._settings) | {"request_timeout_ms": round(PATIENCE_SECONDS * 1000)}
            made = AIOKafkaProducer(
                **options,
                enable_idempotence=True,
                acks="all",
                max_batch_size=BATCH_BYTES,
                max_request_size=RECORD_BYTES + brokers_topics.NOTES_BYTES,
            )
            try:
                async with asyncio.timeout(HOPELESS_SECONDS):
                    await made.start()
                await self._look(made)
            except BaseException:
                await _discard(made)
                raise
            self._producer = made
        else:
            await self._look(self._producer)

    async def _look(self, producer: AIOKafkaProducer) -> None:
        async with asyncio.timeout(HOPELESS_SECONDS):
            metadata = await producer.client.fetch_all_metadata()
        missing = self._missing(metadata.topics())
        if missing and self._settings.create_topics:
            async with asyncio.timeout(self._settings.request_seconds):
                async with brokers_topics.admin_client(self._settings) as admin:
                    await brokers_topics.apply(admin, self._settings, self._topics, only_missing=True)
            log.info("created_topics", topics=missing)
        elif missing:
            raise TransientError(
                f"Kafka at {self._settings.bootstrap_servers} has no topic {', '.join(missing)}, "
                "or we may not see it. Run `rounds kafka topics apply`."
            )

    def _missing(self, there: Iterable[str]) -> list[str]:
        return sorted({self._settings.outside(spec.name) for spec in self._topics.values()} - set(there))

    def _lose(self, reason: str) -> None:
        self.failures += 1
        self.trouble = reason
        if self._lost_at is None:
            self._lost_at = (time.monotonic(), self.failures - 1, self._library.warnings)
            log.warning("lost_kafka", reason=self.trouble)

    def _find(self) -> None:
        self.trouble = None
        if self._lost_at is not None:
            since, failures, lines = self._lost_at
            self._lost_at = None
            log.info(
                "found_kafka",
                away_seconds=round(time.monotonic() - since, 1),
                failures=self.failures - failures,
                silenced_lines=self._library.warnings - lines,
            )


async def _discard(producer: AIOKafkaProducer) -> None:
    """Stop a producer whose messages nobody waits for any more; stop() alone would first deliver them all."""
    producer._message_accumulator.fail_all(KafkaError("given up"))  # noqa: SLF001 - it has no other way
    if not await quietly_stopped(producer.stop(), "producer"):
        await quietly_stopped(producer.client.close(), "producer's connections")
