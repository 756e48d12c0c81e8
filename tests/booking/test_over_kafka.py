"""A booking system that nobody here wrote publishes to a real Kafka, as docs/intake.md shows, and reads its answer."""

import asyncio
import datetime as dt
import json
import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.dev.kafka import KafkaCluster
from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.events.envelope import decode
from shared.events.intake import BookingAccepted, BookingRequested
from shared.events.topics import BOOKING_REQUESTS, BOOKING_RESPONSES
from tests.booking.desk import booking, open_desk, until

pytestmark = pytest.mark.kafka


async def test_kcat_books_and_is_answered(tmp_path: Path, kafka_cluster: KafkaCluster) -> None:
    kcat = shutil.which("kcat")
    if kcat is None:
        pytest.skip("skipped: kcat is not installed")
    sent_id = f"order-{uuid4()}"
    attributes = {
        "ce_specversion": "1.0",
        "ce_type": BookingRequested.event_type,
        "ce_source": "https://shop.example/orders",
        "ce_id": sent_id,
        "ce_time": dt.datetime.now(dt.UTC).isoformat(),
        "content-type": "application/json",
    }
    headers = [word for name, value in attributes.items() for word in ("-H", f"{name}={value}")]
    bus = KafkaBus(KafkaSettings(bootstrap_servers=kafka_cluster.bootstrap, create_topics=True))
    async with open_desk(tmp_path, bus) as desk:
        sender = await asyncio.create_subprocess_exec(
            kcat, "-P", "-b", kafka_cluster.bootstrap, "-t", BOOKING_REQUESTS, *headers, stdin=asyncio.subprocess.PIPE
        )
        await sender.communicate(json.dumps(booking()).encode())
        assert sender.returncode == 0
        found: list[BookingAccepted] = []

        async def answered() -> bool:
            records = [r async for r in bus.tail([BOOKING_RESPONSES], from_start=True, follow=False)]
            said = [data for r in records if isinstance(data := decode(r).data, BookingAccepted)]
            found[:] = [answer for answer in said if answer.request_id == sent_id]
            return bool(found)

        await until(answered, 60)
        assert (await desk.read(str(found[0].booking_id)))["visit_id"] == str(found[0].visit_id)
