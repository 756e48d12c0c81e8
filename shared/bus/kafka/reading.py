"""Reading without a group: every lane of some topics, to the end there is or for ever."""

import asyncio
from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer

from shared.bus.kafka.records import to_record
from shared.bus.kafka.settings import KafkaSettings
from shared.bus.port import Record

PAGE_MILLISECONDS = 500


async def read_all(consumer: AIOKafkaConsumer, settings: KafkaSettings, *, follow: bool) -> AsyncIterator[Record]:
    """Yield what a started consumer without a group finds, from its reset position on.

    Args:
        consumer: started, without a group.
        settings: names and deadlines.
        follow: go on waiting; otherwise end with the last record there was at the beginning.

    Raises:
        TimeoutError: the brokers owe records and send none.
    """
    loop = asyncio.get_running_loop()
    partitions = list(consumer.assignment())
    async with asyncio.timeout(settings.request_seconds):
        ends = await consumer.end_offsets(partitions)
        behind = {partition for partition in partitions if await consumer.position(partition) < ends[partition]}
    heard = loop.time()
    while follow or behind:
        found = await consumer.getmany(timeout_ms=PAGE_MILLISECONDS)
        for partition, batch in found.items():
            for each in batch:
                if follow or each.offset < ends[partition]:
                    yield to_record(each, settings)
        behind = {partition for partition in behind if await consumer.position(partition) < ends[partition]}
        if found:
            heard = loop.time()
        elif behind and loop.time() - heard > settings.request_seconds:
            raise TimeoutError
