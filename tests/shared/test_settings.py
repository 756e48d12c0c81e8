"""Settings that cannot be are told by the name of their variable."""

import pytest

from shared.errors import ConfigurationError
from shared.settings import HouseSettings, read_settings


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("ROUNDS_PORT", "many", "ROUNDS_PORT: Input should be a valid integer"),
        ("ROUNDS_DATABASE_URL", "postgresql+asyncpg://db/rounds", r"ROUNDS_DATABASE_URL must hold \{room\}"),
        ("ROUNDS_PEERS", "booking", "peers"),
    ],
)
def test_a_value_that_cannot_be_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=sentence):
        read_settings(HouseSettings)
