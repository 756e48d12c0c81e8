"""Seals open for one key, one patient, one purpose; tokens open one day and expire."""

import datetime as dt
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import UUID

import httpx
import pytest

from shared.errors import ConfigurationError, Problem, TransientError
from shared.events.ids import AreaId, NurseId, PatientId
from shared.security.keys import PeerKeys
from shared.security.seal import SealError, new_key, open_sealed, seal
from shared.security.secrets import read_or_create
from shared.security.tokens import NurseDay, Tokens

PATIENT = PatientId(UUID("01a203e9-873a-77a4-8e00-3a50af88aa62"))
OTHER = PatientId(UUID("01a203e9-873a-77a4-8e00-3a50af88aa63"))
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
DAY = NurseDay(NurseId(PATIENT), AreaId("maple"), dt.date(2026, 11, 23))


def test_a_seal_opens_with_its_key_and_purpose_only() -> None:
    key = new_key()
    sealed = seal(key, PATIENT, "address", "12 Elm Street")
    assert open_sealed(key, sealed, "address") == "12 Elm Street"
    assert "Elm" not in sealed.model_dump_json()
    with pytest.raises(SealError):
        open_sealed(new_key(), sealed, "address")
    with pytest.raises(SealError):
        open_sealed(key, sealed, "notes")
    with pytest.raises(SealError):
        open_sealed(key, sealed.model_copy(update={"patient_id": OTHER}), "address")


def test_the_same_text_never_seals_to_the_same_bytes() -> None:
    key = new_key()
    assert seal(key, PATIENT, "notes", "dog").ciphertext != seal(key, PATIENT, "notes", "dog").ciphertext


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "signing.key"
    first = read_or_create(path)
    assert read_or_create(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"short")
    with pytest.raises(ConfigurationError, match="Restore it from your backup"):
        read_or_create(path)


def test_many_who_make_a_secret_at_the_same_moment_agree_on_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        for attempt in range(20):
            path = tmp_path / str(attempt) / "signing.key"
            asked = Barrier(16)

            def ask(path: Path = path, asked: Barrier = asked) -> bytes:
                asked.wait()
                return read_or_create(path)

            found = {future.result() for future in [pool.submit(ask) for _ in range(16)]}
            assert found == {path.read_bytes()}
            assert [file.name for file in path.parent.iterdir()] == ["signing.key"]


def test_a_nurse_link_opens_her_day_until_two_days_later() -> None:
    now = NOON
    tokens = Tokens(b"k" * 32, lambda: now)
    token = tokens.for_nurse(DAY)
    assert tokens.read_nurse(token) == DAY
    now = NOON + dt.timedelta(days=2)
    with pytest.raises(Problem, match="expired"):
        tokens.read_nurse(token)


@pytest.mark.parametrize("forged", ["", "abc", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."])
def test_a_forged_link_is_refused(forged: str) -> None:
    with pytest.raises(Problem) as caught:
        Tokens(b"k" * 32, lambda: NOON).read_nurse(forged)
    assert caught.value.status == 401


def test_a_pass_of_a_room_is_no_nurse_link_and_the_other_way_round() -> None:
    tokens = Tokens(b"k" * 32, lambda: NOON)
    with pytest.raises(Problem):
        tokens.read_nurse(tokens.for_service("board"))
    with pytest.raises(Problem):
        tokens.read_service(tokens.for_nurse(DAY))
    with pytest.raises(Problem):
        Tokens(b"other" * 8, lambda: NOON).read_service(tokens.for_service("board"))


class KeyDesk:
    """The booking room's side, counting what it was asked."""

    def __init__(self, keys: dict[PatientId, bytes]) -> None:
        self.keys = keys
        self.asked: list[list[str]] = []
        self.away = False

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url="http://booking", transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            return httpx.Response(503)
        ids = json.loads(request.content)["patient_ids"]
        self.asked.append(ids)
        return httpx.Response(
            200, json={"keys": {i: self.keys[PatientId(UUID(i))].hex() for i in ids if PatientId(UUID(i)) in self.keys}}
        )


async def test_keys_are_fetched_once_for_minutes_and_an_erased_patient_has_none() -> None:
    now = NOON
    desk = KeyDesk({PATIENT: b"1" * 32})
    async with desk.client() as client:
        keys = PeerKeys(client, "board", lambda: now)
        assert await keys.get([PATIENT, OTHER, PATIENT]) == {PATIENT: b"1" * 32}
        assert await keys.get([PATIENT]) == {PATIENT: b"1" * 32}
        assert desk.asked == [[str(PATIENT), str(OTHER)]]
        now = NOON + dt.timedelta(minutes=6)
        del desk.keys[PATIENT]
        assert await keys.get([PATIENT]) == {}


async def test_a_booking_room_that_is_away_is_asked_again_later() -> None:
    desk = KeyDesk({})
    desk.away = True
    async with desk.client() as client:
        with pytest.raises(TransientError):
            await PeerKeys(client, "geocoding", lambda: NOON).get([PATIENT])
