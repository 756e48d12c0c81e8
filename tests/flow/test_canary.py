"""A patient's words stand in no topic, log, trace or metric: a name, a street, a note, a phone are looked for there."""

import logging
from pathlib import Path

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.sample.addresses import Address
from shared.observability.logging import configure_logging
from tests.flow.conftest import AREA, opened_desk, soon
from tests.observability.conftest import exporter, spans

__all__ = ["exporter", "spans"]

NAME, NOTE, PHONE, EMAIL, STREET = "Zebulonia", "moonflower gate", "+1 555 0199", "canary@example.org", "Quillfeather"


async def test_no_word_of_a_patient_is_in_topics_logs_traces_or_metrics(
    data: Path, addresses: list[Address], spans: InMemorySpanExporter
) -> None:
    log_file = data / "log" / "rounds.jsonl"
    before = logging.getLogger().handlers[:]
    configure_logging(log_file)
    try:
        async with opened_desk(data) as desk:
            nurse_id = await desk.add_nurse("N01", addresses[0])
            patient = {"last_name": NAME, "birth_date": "1980-04-12", "phone": PHONE, "email": EMAIL}
            found = await desk.book(addresses[500], patient={"first_name": NAME, **patient}, notes=NOTE)
            lost = await desk.book(f"7 {STREET} Way, Harlan Mills, OH 43087", NAME)
            await desk.until_status(found, "booked")
            await desk.until_status(lost, "pending")
            queue = await desk.ask("GET", "/v1/places/review", params={"area_id": AREA})

            async def read_by_nurse() -> bool | None:
                page = await desk.http.get(desk.nurse_page(nurse_id))
                return True if NAME in page.text and NOTE in page.text else None

            await soon(read_by_nurse, "the patient's name and note on the nurse's page")
            await desk.http.get(f"/board/{AREA}/{desk.date}")
            await desk.act(found, nurse_id, "accept")
            metrics = (await desk.http.get("/metrics")).content
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers[:] = before

    assert STREET in queue["items"][0]["address"]
    street = addresses[500].street
    page = desk.nurse_page(nurse_id)
    traced = "".join(span.to_json() for span in spans.get_finished_spans()).encode()
    assert found["booking_id"].encode() in traced
    assert b"trace_id" in log_file.read_bytes()
    for link in (page, page.rpartition("/")[2]):
        assert link.encode() not in traced + metrics
    contents = {file.name: file.read_bytes() for file in [log_file, *data.glob("*.sqlite*")]}
    for where, content in {**contents, "the traces": traced, "the metrics": metrics}.items():
        for word in (NAME, NOTE, PHONE, EMAIL, STREET, f"{addresses[500].number} {street}"):
            assert word.encode() not in content, f"{word!r} stands in {where}"
