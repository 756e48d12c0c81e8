"""A patient's words stand in no topic and no log: a name, a street, a note and a phone number are looked for there."""

import logging
from pathlib import Path

from services.sample.addresses import Address
from shared.observability.logging import configure_logging
from tests.flow.conftest import AREA, opened_desk, soon

NAME, NOTE, PHONE, EMAIL, STREET = "Zebulonia", "moonflower gate", "+1 555 0199", "canary@example.org", "Quillfeather"


async def test_no_word_of_a_patient_is_in_topics_or_logs(data: Path, addresses: list[Address]) -> None:
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
    finally:
        for handler in logging.getLogger().handlers:
            handler.close()
        logging.getLogger().handlers[:] = before

    assert STREET in queue["items"][0]["address"]
    street = addresses[500].street
    for file in [log_file, *data.glob("*.sqlite*")]:
        content = file.read_bytes()
        for word in (NAME, NOTE, PHONE, EMAIL, STREET, f"{addresses[500].number} {street}"):
            assert word.encode() not in content, f"{word!r} stands in {file.name}"
