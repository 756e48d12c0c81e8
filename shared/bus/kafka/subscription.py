"""A member of a consumer group: what it owns, what it has handed out, what it may commit."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as Partition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from shared.bus.kafka.client import explained
from shared.bus.kafka.records import to_lane, to_partition, to_record
from shared.bus.kafka.settings import KafkaSettings
from shared.bus.port import LaneRevokedError, Record, TopicPartition
from shared.errors import TransientError


class Lanes(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """What this member owns, and how far each lane was handed out.

    Kafka takes every lane away in a rebalance and gives most of them back, at the committed offset. What was handed out
    from a lane that came back is still in its taker's hands: it may be committed, and it is not handed out again.

    Attributes:
        owned: the lanes of now; None during a rebalance.
        handed_out: for each lane, the offset after the last record handed out.
        begun: for each lane, where handing out began: the committed offset, as far as this member knows.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._calm = asyncio.Event()
        self.owned: frozenset[TopicPartition] | None = None
        self.handed_out: dict[TopicPartition, int] = {}
        self.begun: dict[TopicPartition, int] = {}
        self._returned: dict[TopicPartition, int] = {}
        """Lanes that came back from a rebalance and have not been read since, and where they should go on."""

    async def on_partitions_revoked(self, revoked: Iterable[Partition]) -> None:
        """Note that a rebalance has begun. It waits for nobody: records in hand that come again, the inbox knows."""
        del revoked
        self.owned = None
        self._calm.clear()

    async def on_partitions_assigned(self, assigned: Iterable[Partition]) -> None:
        """Note what is ours now, and forget the rest."""
        self.owned = frozenset(to_lane(partition, self._settings) for partition in assigned)
        for lane in self.handed_out.keys() - self.owned:
            del self.handed_out[lane], self.begun[lane]
        self._returned = dict(self.begun)
        self._calm.set()

    async def settled(self) -> frozenset[TopicPartition]:
        """Wait until no rebalance is under way; return what is ours.

        Raises:
            TransientError: it takes too long.
        """
        try:
            async with asyncio.timeout(self._settings.session_seconds):
                await self._calm.wait()
        except TimeoutError as error:
            raise TransientError("The group is being dealt anew, and that takes long. It is tried again.") from error
        return self.owned or frozenset()

    def hand_out(self, records: Sequence[Record]) -> list[Record]:
        """Return, of records of one lane, those to be handed out."""
        lane = records[0].lane
        if self.owned is None or lane not in self.owned:
            return []
        first = records[0].offset
        if self._returned.pop(lane, first) != first:  # another had it meanwhile, and worked on it
            del self.handed_out[lane], self.begun[lane]
        self.begun.setdefault(lane, first)
        fresh = [record for record in records if record.offset >= self.handed_out.get(lane, first)]
        if fresh:
            self.handed_out[lane] = fresh[-1].offset + 1
        return fresh

    def in_hand_from(self, lane: TopicPartition) -> int | None:
        """Return the first offset that was handed out and not committed; None: nothing is in hand."""
        begun = self.begun.get(lane)
        return None if begun == self.handed_out.get(lane) else begun

    def rewind(self) -> dict[TopicPartition, int]:
        """Forget what was handed out and not committed; return where each such lane goes on."""
        again = {lane: offset for lane, offset in self.begun.items() if offset < self.handed_out[lane]}
        for lane in again:
            del self.handed_out[lane], self.begun[lane]
            self._returned.pop(lane, None)
        return again


class KafkaSubscription:
    """See the port.

    Args:
        consumer: started, with ``lanes`` as its listener.
        lanes: what it owns.
        settings: names and deadlines.
    """

    def __init__(self, consumer: AIOKafkaConsumer, lanes: Lanes, settings: KafkaSettings) -> None:
        self._consumer = consumer
        self._lanes = lanes
        self._settings = settings

    async def poll(self, max_records: int, wait_seconds: float) -> Sequence[Record]:
        """Return the next records of the lanes this member owns; see the port.

        Raises:
            TransientError: the group refuses us, or the brokers do.
        """
        try:
            batches = await self._consumer.getmany(timeout_ms=round(wait_seconds * 1000), max_records=max_records)
        except (KafkaError, OSError, TimeoutError) as error:
            raise explained(error, self._settings) from error
        # Nothing was awaited since the records left the client, so what is ours now was ours when they left it.
        return [
            record
            for batch in batches.values()
            for record in self._lanes.hand_out([to_record(found, self._settings) for found in batch])
        ]

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Store the next offset to read for each lane; all of them or, if one was revoked, none.

        Raises:
            LaneRevokedError: names the lanes that are another's.
            TransientError: the brokers did not answer in time.
        """
        self._refuse(offsets.keys() - await self._lanes.settled())
        self._refuse(lane for lane, offset in offsets.items() if offset > self._lanes.handed_out.get(lane, 0))
        wanted = {to_partition(lane, self._settings): offset for lane, offset in offsets.items()}
        try:
            async with asyncio.timeout(self._settings.request_seconds):
                await self._consumer.commit(wanted)
        except (CommitFailedError, IllegalStateError):
            self._refuse(offsets)
        except (KafkaError, OSError, TimeoutError) as error:
            raise explained(error, self._settings) from error
        for lane in offsets.keys() & self._lanes.begun.keys():
            self._lanes.begun[lane] = offsets[lane]

    async def lag(self) -> Mapping[TopicPartition, int]:
        """Return for each owned lane how many records are not yet committed.

        Asks the brokers: a client that is stuck does not know what it misses.

        Raises:
            TransientError: the brokers did not answer in time.
        """
        partitions = list(self._consumer.assignment())
        try:
            async with asyncio.timeout(self._settings.request_seconds):
                ends = await self._consumer.end_offsets(partitions)
                starts = {
                    partition: self._lanes.in_hand_from(to_lane(partition, self._settings)) for partition in partitions
                }
                for partition, start in starts.items():
                    if start is None:
                        starts[partition] = await self._consumer.position(partition)
        except IllegalStateError:
            return {}  # a rebalance took them meanwhile
        except (KafkaError, OSError, TimeoutError) as error:
            raise explained(error, self._settings) from error
        return {
            to_lane(partition, self._settings): max(0, ends[partition] - (start or 0))
            for partition, start in starts.items()
        }

    def rewind(self) -> None:
        """Forget what was polled but not committed: the next poll delivers it again."""
        owned = self._consumer.assignment()
        for lane, offset in self._lanes.rewind().items():
            partition = to_partition(lane, self._settings)
            if partition in owned:
                self._consumer.seek(partition, offset)

    def _refuse(self, lanes: Iterable[TopicPartition]) -> None:
        lost = sorted(lanes)
        if lost:
            names = ", ".join(f"{lane.topic}/{lane.partition}" for lane in lost)
            raise LaneRevokedError(f"{names} went to another member of the group; nothing was committed. Poll again.")
