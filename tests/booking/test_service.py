"""Composing the room: settings, the key file, migrations, and a second start on the same data."""

from pathlib import Path

import pytest

from services.booking.service import MIGRATIONS
from services.booking.settings import read_settings
from services.booking.store.models import Base
from services.booking.store.vault import Vault
from shared.areas import MANIFEST
from shared.clock import new_id
from shared.db.migrate import differences, upgrade
from shared.db.session import Database
from shared.errors import ConfigurationError
from shared.events.ids import PatientId
from shared.security.seal import SealError, new_key
from tests.booking.desk import area, booking, open_desk, until


async def test_the_migrations_make_the_tables_of_the_models(tmp_path: Path) -> None:
    database = Database.in_file(tmp_path / "booking.sqlite")
    await upgrade(database, MIGRATIONS)
    assert await differences(database, Base.metadata) == []
    await database.close()


async def test_a_second_start_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        first = await desk.post(booking(), "k1")
    async with open_desk(tmp_path) as desk:
        again = await desk.post(booking(), "k1")
        assert again.content == first.content
        moved = {"street": "9 Oak St", "postcode": "43002"}
        changed = await desk.client.put(f"{first.headers['location']}/address", json=moved)
        assert changed.status_code == 200, "the patient's key was unwrapped with the same key file"


async def test_areas_that_come_and_go_are_seen_without_a_restart(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        body = await desk.book(area_id="maple")
        (tmp_path / "areas" / "maple" / MANIFEST).unlink()
        await until(lambda: "maple" not in desk.state.areas())
        refused = await desk.post(booking(area_id="maple"))
        gone = await desk.client.post(f"/v1/bookings/{body['booking_id']}/reschedule", json={"any_time_on": []})
        assert [refused.status_code, gone.status_code, gone.json()["type"]] == [422, 409, "/problems/area-gone"]
        (tmp_path / "areas" / "maple" / MANIFEST).write_text(area().model_dump_json())
        await until(lambda: "maple" in desk.state.areas())
        await desk.book(area_id="maple")


async def test_another_catalogue_and_key_file_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = tmp_path / "mine.yaml"
    catalogue.write_text(
        "skills: [injection]\nlicences: [RN]\norder_of_doing: [shot]\nservices:\n"
        "  - {code: mine, name: Mine, kind: shot, duration_minutes: 5, skills: [injection], licences: [RN]}\n"
    )
    monkeypatch.setenv("BOOKING_CATALOGUE", str(catalogue))
    monkeypatch.setenv("BOOKING_KEK_FILE", str(tmp_path / "elsewhere" / "kek"))
    async with open_desk(tmp_path / "data") as desk:
        assert (await desk.book(services=["mine"]))["duration_minutes"] == 5
    assert len((tmp_path / "elsewhere" / "kek").read_bytes()) == 32
    assert not (tmp_path / "data" / "secrets" / "booking.kek").exists()


async def test_a_catalogue_that_cannot_be_used_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_CATALOGUE", str(tmp_path / "none.yaml"))
    with pytest.raises(ConfigurationError, match="BOOKING_CATALOGUE"):
        async with open_desk(tmp_path / "data"):
            pass


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("BOOKING_HORIZON_DAYS", "0", "BOOKING_HORIZON_DAYS: Input should be greater than or equal to 1"),
        ("BOOKING_OPENS", "22:00", "BOOKING_CLOSES must be later than BOOKING_OPENS"),
        ("BOOKING_CLOSES", "evening", "BOOKING_CLOSES: Input should be in a valid time format"),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=said):
        read_settings()


def test_a_wrapped_key_opens_for_its_patient_with_its_key_file_only() -> None:
    patient_id, key = PatientId(new_id()), new_key()
    vault = Vault(b"a" * 32)
    wrapped = vault.wrap(patient_id, key)
    assert vault.unwrap(patient_id, wrapped) == key
    with pytest.raises(SealError):
        vault.unwrap(PatientId(new_id()), wrapped)
    with pytest.raises(SealError):
        Vault(b"b" * 32).unwrap(patient_id, wrapped)


def test_digests_differ_by_purpose_and_key_file() -> None:
    made = {
        Vault(kek).digest(purpose, "P-1")
        for kek in (b"a" * 32, b"b" * 32)
        for purpose in ("payload", "patient-reference")
    }
    assert len(made) == 4
    assert Vault(b"a" * 32).digest("payload", "P-1") in made
