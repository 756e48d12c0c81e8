"""The bus port: ``log`` (embedded, SQLite) and ``kafka`` stand behind it. tests/contract/ says what each must do."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.errors import RoundsError


class LaneRevokedError(RoundsError):
    """The lane belongs to another member of the group now; what was polled from it is redelivered there."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer hands to the bus; messages of one key keep their order."""

    topic: str
    key: bytes
    value: bytes
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One ordered lane of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Record(Message):
    """A message in its place in the log.

    Attributes:
        offset: its place in the partition, from 0, dense.
        timestamp: when the bus took it.
    """

    partition: int = 0
    offset: int = 0
    timestamp: datetime | None = None

    @property
    def lane(self) -> TopicPartition:
        """The lane it stands in."""
        return TopicPartition(self.topic, self.partition)


class Subscription(Protocol):
    """A group member's view of its topics. Starts where the group last committed, else at the earliest record."""

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Record]:
        """Return the next records of the lanes this member owns, at once if there are any, else after a wait.

        Records come in offset order per lane. A record stays this member's until the lane is revoked.
        """
        ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Store, durably, the next offset to read for each lane.

        Raises:
            LaneRevokedError: a lane now belongs to another member; its records will be redelivered there.
        """
        ...

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Return for each owned lane how many records are not yet committed."""
        ...

    def rewind(self) -> None:
        """Forget what was polled but not committed: the next poll delivers it again."""
        ...


class Bus(Protocol):
    """Topics with keys, partitions and group offsets."""

    @property
    def trouble(self) -> str | None:
        """A sentence that says why nothing can be published now; None while the bus answers."""
        ...

    async def start(self) -> None:
        """Open files, or connections if they can be had, and create the topics of shared/events/topics.py.

        Raises:
            ConfigurationError: it can never work as it is set up. A bus that is away is no error; see ``trouble``.
        """
        ...

    async def stop(self) -> None:
        """Release everything; what was published or committed is safe."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Append messages in order; they are durable when this returns.

        Raises:
            TransientError: the bus is away; nothing or a prefix may have been appended, send the whole batch again.
            ConfigurationError: a topic that is not on the list.
        """
        ...

    def subscribe(self, group: str, topics: Sequence[str]) -> AbstractAsyncContextManager[Subscription]:
        """Join a consumer group for as long as the context is open."""
        ...

    def tail(self, topics: Sequence[str], *, from_start: bool, follow: bool) -> AsyncIterator[Record]:
        """Read without a group: the records there are, and with ``follow`` those to come."""
        ...
