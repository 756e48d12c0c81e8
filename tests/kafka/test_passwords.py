"""A password that is changed on the broker under a running bus: it is waited for, and ends no room."""

from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.errors import TransientError
from shared.events.topics import VISITS
from tests.kafka.conftest import FEW, OpenBus
from tests.kafka.secured import Secured

pytestmark = pytest.mark.kafka


async def test_a_member_whose_password_is_refused_waits_for_the_right_one(secured: Secured, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(secured.password.read_text())
    right = secured.settings("CLEAR", "SASL_PLAINTEXT").model_copy(update={"sasl_password_file": password})
    bus = KafkaBus(right, topics=FEW)
    await bus.start()
    try:
        await refused_then_let_in(bus, password, secured)
    finally:
        await bus.stop()


async def refused_then_let_in(bus: KafkaBus, password: Path, secured: Secured) -> None:
    """Come with a wrong password, then with the right one."""
    assert bus.trouble is None
    password.write_text("wrong one")
    with pytest.raises(TransientError, match="is away"):
        async with bus.subscribe("guests", [VISITS]):
            pass
    password.write_text(secured.password.read_text())
    async with bus.subscribe("guests", [VISITS]) as member:
        assert await member.poll(1, 0.1) == []


@pytest.mark.parametrize("odd", [KeyError("v"), ValueError("Server sent wrong signature!")])
async def test_what_the_library_makes_of_a_refusal_ends_no_room(
    settings: KafkaSettings, open_bus: OpenBus, monkeypatch: pytest.MonkeyPatch, odd: Exception
) -> None:
    async def refused(_consumer: AIOKafkaConsumer) -> None:
        raise odd

    bus = await open_bus(settings)
    monkeypatch.setattr(AIOKafkaConsumer, "start", refused)
    with pytest.raises(TransientError, match="It is tried again"):
        async with bus.subscribe("guests", [VISITS]):
            pass
