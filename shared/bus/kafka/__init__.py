"""The Kafka adapter of the bus port: ``KafkaBus(KafkaSettings())``. The only place that knows aiokafka."""

from shared.bus.kafka.bus import KafkaBus
from shared.bus.kafka.settings import KafkaSettings

__all__ = ["KafkaBus", "KafkaSettings"]
