"""The bus port on Kafka."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.bus.kafka.client import client_options, explained, stop_consumer
from shared.bus.kafka.connection import Connection
from shared.bus.kafka.probes import first_trouble
from shared.bus.kafka.reading import read_all
from shared.bus.kafka.settings import KafkaSettings
from shared.bus.kafka.subscription import KafkaSubscription, Lanes
from shared.bus.port import Message, Record
from shared.errors import ConfigurationError, TransientError
from shared.events.topics import TOPICS, TopicSpec

HEARTBEAT_SECONDS = 0.5
"""Also how soon a member hears that the group is dealt anew; at most a third of the session."""
FETCH_WAIT_MILLISECONDS = 100
"""How long a broker holds an empty answer back. A record is sent at once; a lane that was rewound waits this long."""


class KafkaBus:
    """Topics, keys, partitions and groups on Kafka brokers.

    It starts without its brokers: it then says so in ``trouble``, publishes nothing, and finds them when they come.

    Args:
        settings: where and who.
        topics: the list of topics; what is not on it is refused.
    """

    def __init__(self, settings: KafkaSettings, *, topics: Mapping[str, TopicSpec] = TOPICS) -> None:
        self._settings = settings
        self._topics = topics
        self._connection = Connection(settings, topics)

    @property
    def trouble(self) -> str | None:
        """A sentence while the brokers are away or cannot be used, else None."""
        return self._connection.trouble

    @property
    def failures(self) -> int:
        """How often the brokers were looked for and not found."""
        return self._connection.failures

    @property
    def rebuilt(self) -> int:
        """How often a producer was thrown away after a failure."""
        return self._connection.rebuilt

    async def start(self) -> None:
        """Connect, or begin to try; create the topics that are missing, if the settings say so.

        Raises:
            ConfigurationError: a setting cannot work, whatever the brokers do.
        """
        await self._connection.open()

    async def stop(self) -> None:
        """Disconnect. What was acknowledged is safe."""
        await self._connection.close()

    async def publish(self, messages: Sequence[Message]) -> None:
        """Publish in order; see the port."""
        self._refuse_unknown([message.topic for message in messages])
        if messages:
            await self._connection.send(messages)

    @asynccontextmanager
    async def subscribe(self, group: str, topics: Sequence[str]) -> AsyncIterator[KafkaSubscription]:
        """Join a group; see the port.

        Raises:
            TransientError: the brokers are away, or did not let us in.
        """
        self._refuse_unknown(topics)
        self._connection.check()
        settings = self._settings
        session = round(settings.session_seconds * 1000)
        consumer = AIOKafkaConsumer(
            **client_options(settings),
            group_id=settings.outside(group),
            group_instance_id=settings.instance or None,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level="read_committed",  # what a booking system took back was never asked
            session_timeout_ms=session,
            rebalance_timeout_ms=session,
            heartbeat_interval_ms=round(min(HEARTBEAT_SECONDS * 1000, session / 3)),
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
        )
        lanes = Lanes(settings)
        consumer.subscribe([settings.outside(topic) for topic in topics], listener=lanes)
        try:
            await self._join(consumer)
            yield KafkaSubscription(consumer, lanes, settings)
        finally:
            await stop_consumer(consumer)

    async def tail(self, topics: Sequence[str], *, from_start: bool, follow: bool) -> AsyncIterator[Record]:
        """Read without a group, each lane in its order; see the port.

        Raises:
            TransientError: the brokers are away.
        """
        self._refuse_unknown(topics)
        self._connection.check()
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            auto_offset_reset="earliest" if from_start else "latest",
            enable_auto_commit=False,
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
        )
        consumer.subscribe([self._settings.outside(topic) for topic in topics])
        try:
            await self._join(consumer)
            async for record in read_all(consumer, self._settings, follow=follow):
                yield record
        except (KafkaError, OSError, TimeoutError) as error:
            raise explained(error, self._settings) from error
        finally:
            await stop_consumer(consumer)

    async def _join(self, consumer: AIOKafkaConsumer) -> None:
        # Two requests that nobody answers end by themselves; cancelled, they would leave their connection open.
        patience = self._settings.session_seconds + 2 * self._settings.request_seconds
        try:
            async with asyncio.timeout(patience):
                await consumer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise explained(error, self._settings) from error
        except (KeyError, ValueError) as error:  # what the library makes of a SCRAM answer that refuses us
            raise TransientError(
                await first_trouble(self._settings) or str(explained(error, self._settings))
            ) from error

    def _refuse_unknown(self, topics: Sequence[str]) -> None:
        unknown = [topic for topic in topics if topic not in self._topics]
        if unknown:
            raise ConfigurationError(
                f"Topic {', '.join(unknown)} is not on the list. Add it to shared/events/topics.py."
            )
