"""Commands find the system: by its file, or by the peers that a room's container knows."""

import json
from pathlib import Path

import pytest

from shared.client import SERVER_FILE, RunningSystem, announced, found_system, system_url
from shared.errors import ConfigurationError


def test_a_container_without_the_file_knows_the_rooms_by_its_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers = {"booking": "http://booking-0:8080,http://booking-1:8080", "board": "http://board:8080"}
    monkeypatch.setenv("ROUNDS_PEERS", json.dumps(peers))
    found = found_system(tmp_path)
    assert found.url == "http://board:8080"
    assert found.rooms["booking"] == ["http://booking-0:8080", "http://booking-1:8080"]
    assert system_url(tmp_path, room="booking") == "http://booking-0:8080"


def test_the_file_is_believed_before_the_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS_PEERS", '{"board": "http://elsewhere:8080"}')
    with announced(tmp_path, RunningSystem(url="http://127.0.0.1:8080")):
        assert found_system(tmp_path).url == "http://127.0.0.1:8080"
    assert not (tmp_path / SERVER_FILE).exists()


def test_without_either_a_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROUNDS_PEERS", raising=False)
    with pytest.raises(ConfigurationError, match="rounds up --data"):
        found_system(tmp_path)
