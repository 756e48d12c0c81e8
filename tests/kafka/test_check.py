"""The preflight: for everything that can be wrong between us and Kafka, one sentence that says what to do."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.dev.kafka import KafkaCluster
from deploy.dev.kafka.broker import Broker
from shared.bus.kafka import KafkaBus, KafkaSettings
from shared.bus.kafka.check import ORDER, check
from shared.bus.kafka.settings import Mechanism, Protocol
from shared.bus.port import Message
from shared.clock import utc_now
from shared.errors import ConfigurationError
from shared.events.topics import VISITS
from tests.cli.conftest import Rounds
from tests.kafka.conftest import FEW, OpenBus
from tests.kafka.secured import Secured

pytestmark = pytest.mark.kafka


async def problem(settings: KafkaSettings) -> tuple[str, str]:
    """Return the step that failed and the sentence."""
    last = (await check(settings, FEW, utc_now))[-1]
    assert last.problem
    return last.name, last.problem


async def test_when_all_is_well_every_step_is_taken(settings: KafkaSettings, open_bus: OpenBus) -> None:
    await open_bus(settings)
    steps = await check(settings, FEW, utc_now)
    assert [(step.name, step.problem) for step in steps] == [(name, None) for name in ORDER]


async def test_a_check_leaves_no_record_behind(settings: KafkaSettings, open_bus: OpenBus) -> None:
    bus = await open_bus(settings)
    await check(settings, FEW, utc_now)
    assert [record async for record in bus.tail(list(FEW), from_start=True, follow=False)] == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nowhere.invalid:9092", "The name nowhere.invalid cannot be resolved"),
        ("127.0.0.1:1", "Nothing listens at 127.0.0.1:1"),
    ],
)
async def test_an_address_that_leads_nowhere(address: str, said: str) -> None:
    step, sentence = await problem(KafkaSettings(bootstrap_servers=address))
    assert step == "connection"
    assert sentence.startswith(said)
    assert "ROUNDS_KAFKA_BOOTSTRAP_SERVERS" in sentence


async def test_an_address_without_a_port() -> None:
    assert await problem(KafkaSettings(bootstrap_servers="kafka-1")) == (
        "settings",
        "'kafka-1' is no address. Give ROUNDS_KAFKA_BOOTSTRAP_SERVERS as host:port,host:port.",
    )


async def test_a_broker_that_hangs(settings: KafkaSettings, broker: Broker) -> None:
    broker.pause()
    step, sentence = await problem(settings)
    assert step == "connection"
    assert "takes the connection and says nothing" in sentence


@pytest.mark.parametrize(
    ("listener", "said"),
    [
        ("OLD", "has expired. Renew it on the broker."),
        ("STRANGE", "is not for the name 127.0.0.1."),
    ],
)
async def test_a_certificate_that_cannot_be_trusted(secured: Secured, listener: str, said: str) -> None:
    step, sentence = await problem(secured.settings(listener, "SSL"))
    assert step == "connection"
    assert sentence.startswith(f"The certificate of {secured.cluster.address(listener)}")
    assert said in sentence


async def test_an_authority_we_do_not_know(secured: Secured) -> None:
    settings = secured.settings("GOOD", "SSL").model_copy(update={"ssl_ca_file": None})
    assert "is signed by an authority we do not know" in (await problem(settings))[1]


async def test_tls_where_none_is_spoken_and_none_where_it_is(secured: Secured) -> None:
    tls = secured.settings("GOOD", "SSL")
    plain = KafkaSettings(bootstrap_servers=tls.bootstrap_servers)
    clear = tls.model_copy(update={"bootstrap_servers": secured.cluster.bootstrap})
    assert "It wants TLS or a password" in (await problem(plain))[1]
    assert "does not speak TLS" in (await problem(clear))[1]


@pytest.mark.parametrize("listener", ["CLEAR", "LOGIN"])
async def test_a_wrong_password(secured: Secured, tmp_path: Path, listener: str) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("wrong one")
    protocol = "SASL_SSL" if listener == "LOGIN" else "SASL_PLAINTEXT"
    settings = secured.settings(listener, protocol).model_copy(update={"sasl_password_file": wrong})
    sentence = (await problem(settings))[1]
    assert "refuses the user rounds or the password" in sentence
    assert "wrong one" not in sentence


async def test_a_mechanism_the_broker_does_not_know(secured: Secured) -> None:
    settings = secured.settings("CLEAR", "SASL_PLAINTEXT")
    settings = settings.model_copy(update={"sasl_mechanism": Mechanism.SCRAM_SHA_256})
    assert "does not know the mechanism SCRAM-SHA-256" in (await problem(settings))[1]


async def test_no_password_where_one_is_wanted(secured: Secured) -> None:
    settings = KafkaSettings(bootstrap_servers=secured.cluster.address("CLEAR"))
    assert "closes the connection when we come with PLAINTEXT" in (await problem(settings))[1]


async def test_a_user_without_rights_sees_no_topics(secured: Secured) -> None:
    owner = KafkaBus(secured.settings("LOGIN", "SASL_SSL"), topics=FEW)
    await owner.start()
    assert owner.trouble is None
    steps = await check(secured.settings("LOGIN", "SASL_SSL"), FEW, utc_now)
    await owner.stop()
    assert steps[-1].problem is None
    step, sentence = await problem(secured.settings("CLEAR", "SASL_PLAINTEXT", "stranger"))
    assert step == "topics"
    assert "or we may not see them" in sentence


async def test_missing_topics_are_named_with_the_command_that_makes_them(settings: KafkaSettings) -> None:
    step, sentence = await problem(settings)
    assert step == "topics"
    assert settings.prefix + VISITS in sentence
    assert "rounds kafka topics apply" in sentence


async def test_more_copies_than_brokers(settings: KafkaSettings) -> None:
    step, sentence = await problem(settings.model_copy(update={"replication": 3}))
    assert (step, sentence[:60]) == ("brokers", "3 copies are wanted of each record, and there are 1 brokers."[:60])


async def test_a_clock_that_is_slow(settings: KafkaSettings, open_bus: OpenBus) -> None:
    bus = await open_bus(settings)
    await bus.publish([Message(VISITS, b"k", b"v")])
    last = (await check(settings, FEW, lambda: utc_now() - timedelta(minutes=2)))[-1]
    assert last.name == "clock"
    assert last.problem
    assert "s ahead of this machine's clock" in last.problem


def test_the_command_says_what_is_wrong_and_exits_with_2(
    rounds: Rounds, kafka_cluster: KafkaCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROUNDS_KAFKA_BOOTSTRAP_SERVERS", raising=False)
    unset = rounds("kafka", "check")
    assert unset.code == 2
    assert "Set ROUNDS_KAFKA_BOOTSTRAP_SERVERS" in unset.err

    monkeypatch.setenv("ROUNDS_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    away = rounds("kafka", "check")
    assert away.code == 2
    assert away.out.splitlines() == ["ok      settings", "failed  connection"]
    assert away.err.startswith("rounds: Nothing listens at 127.0.0.1:1")

    monkeypatch.setenv("ROUNDS_KAFKA_BOOTSTRAP_SERVERS", kafka_cluster.bootstrap)
    monkeypatch.setenv("ROUNDS_KAFKA_PREFIX", "check.")
    assert rounds("kafka", "topics", "apply").code == 0
    lines = [json.loads(line) for line in rounds("kafka", "check", "--json").out.splitlines()]
    assert lines == [{"step": name, "ok": True, "problem": None} for name in ORDER]
    assert rounds("kafka", "check").out.splitlines()[-1].startswith("All is well")


@pytest.mark.parametrize(
    ("update", "said"),
    [
        (
            {"security_protocol": Protocol.SASL_SSL},
            "Set ROUNDS_KAFKA_SASL_USERNAME and ROUNDS_KAFKA_SASL_PASSWORD_FILE",
        ),
        ({"security_protocol": Protocol.SSL, "ssl_ca_file": Path("nowhere.pem")}, "The TLS files nowhere.pem"),
    ],
)
async def test_a_bus_with_files_that_are_not_there_refuses_to_start(update: dict[str, object], said: str) -> None:
    bus = KafkaBus(KafkaSettings(bootstrap_servers="127.0.0.1:1").model_copy(update=update))
    with pytest.raises(ConfigurationError, match=said):
        await bus.start()


def test_a_setting_that_cannot_be_is_named(rounds: Rounds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS_KAFKA_SECURITY_PROTOCOL", "TELEPATHY")
    done = rounds("kafka", "check")
    assert done.code == 2
    assert "ROUNDS_KAFKA_SECURITY_PROTOCOL" in done.err
