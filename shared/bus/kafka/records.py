"""Records as the brokers hand them out, and as the house reads them."""

from datetime import UTC, datetime

from aiokafka import ConsumerRecord
from aiokafka import TopicPartition as Partition

from shared.bus.kafka.settings import KafkaSettings
from shared.bus.port import Record, TopicPartition


def to_record(found: ConsumerRecord, settings: KafkaSettings) -> Record:
    """Return the house's record. What a foreign producer left out (key, value) is empty here."""
    return Record(
        topic=settings.inside(found.topic),
        key=found.key or b"",
        value=found.value or b"",
        headers={name: value or b"" for name, value in found.headers},
        partition=found.partition,
        offset=found.offset,
        timestamp=datetime.fromtimestamp(found.timestamp / 1000, UTC),
    )


def to_partition(lane: TopicPartition, settings: KafkaSettings) -> Partition:
    """Return a lane as aiokafka names it."""
    return Partition(settings.outside(lane.topic), lane.partition)


def to_lane(partition: Partition, settings: KafkaSettings) -> TopicPartition:
    """Return a lane as the house names it."""
    return TopicPartition(settings.inside(partition.topic), partition.partition)
