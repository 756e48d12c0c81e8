"""What every client of aiokafka is made with, and what becomes of its log lines and its errors."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from shared.bus.kafka.settings import KafkaSettings
from shared.errors import ConfigurationError, RoundsError, TransientError

STOP_SECONDS = 5.0

log = structlog.get_logger()


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return the arguments that producer, consumer and admin client share.

    Raises:
        ConfigurationError: a file of the settings cannot be used.
    """
    return {
        "bootstrap_servers": settings.bootstrap_servers,
        "client_id": f"rounds-{settings.instance}" if settings.instance else "rounds",
        "request_timeout_ms": round(settings.request_seconds * 1000),
        "security_protocol": settings.security_protocol.value,
        "ssl_context": settings.tls(),
        "sasl_mechanism": settings.sasl_mechanism.value,
        "sasl_plain_username": settings.sasl_username or None,
        "sasl_plain_password": settings.password() or None,
    }


class CountedLog(logging.Handler):
    """Takes the library's lines: while a broker is away there are ten a second, each saying what we say once.

    Attributes:
        warnings: how many lines there were of level WARNING and above.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line; pass on what tells of a bug in the library or in our use of it."""
        self.warnings += 1
        if record.exc_info and not isinstance(record.exc_info[1], KafkaError | OSError | TimeoutError):
            log.error("failed_inside_kafka_client", message=record.getMessage(), error=repr(record.exc_info[1]))


def quieten() -> CountedLog:
    """Take the library's lines out of the log; the same handler counts them for the whole process."""
    library = logging.getLogger("aiokafka")
    for handler in library.handlers:
        if isinstance(handler, CountedLog):
            return handler
    counted = CountedLog()
    library.handlers[:] = [counted]
    library.setLevel(logging.WARNING)
    library.propagate = False
    return counted


def explained(error: Exception, settings: KafkaSettings) -> RoundsError:
    """Return the house's error for one of the library's: a sentence, and whether trying again can help."""
    user = settings.sasl_username or "this client"
    match error:
        case RoundsError():
            return error
        case TopicAuthorizationFailedError() | GroupAuthorizationFailedError():
            return TransientError(
                f"Kafka refuses {user} ({error}). Give it the rights; `rounds kafka check` names what is missing."
            )
        case MessageSizeTooLargeError():
            return ConfigurationError("A message is larger than Kafka takes. Make it smaller.")
        case UnknownTopicOrPartitionError():
            return TransientError("A topic is missing on Kafka. Run `rounds kafka topics apply`.")
        case TimeoutError():
            return TransientError(f"Kafka at {settings.bootstrap_servers} did not answer in time. It is tried again.")
        case _:
            kind = type(error).__name__
            return TransientError(f"Kafka at {settings.bootstrap_servers} is away ({kind}). It is tried again.")


async def quietly_stopped(work: Coroutine[Any, Any, object], what: str) -> bool:
    """Wait for a client to stop, but not for ever: some never do. Tell whether it did.

    It stops in a task of its own: the library cancels its tasks and lets that out to whoever waits for them.
    """
    stopping = asyncio.create_task(work, name=f"stop-{what}")
    await asyncio.wait({stopping}, timeout=STOP_SECONDS)
    if not stopping.done():
        stopping.cancel()
        await asyncio.wait({stopping}, timeout=STOP_SECONDS)
    failed = not stopping.done() or stopping.cancelled() or stopping.exception() is not None
    if failed:
        log.warning("abandoned_kafka_client", client=what)
    return not failed


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Leave the group and disconnect; where that hangs, disconnect all the same."""
    if not await quietly_stopped(consumer.stop(), "consumer"):
        if consumer._fetcher is not None:  # noqa: SLF001 - what stop() did not get to
            await quietly_stopped(consumer._fetcher.close(), "fetcher")  # noqa: SLF001
        await quietly_stopped(consumer._client.close(), "consumer's connections")  # noqa: SLF001
