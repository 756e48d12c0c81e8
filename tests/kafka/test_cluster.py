"""The brokers that everything else here is tested on: they die, freeze and come back where they were."""

import socket
from pathlib import Path

import pytest

from deploy.dev.kafka import KafkaCluster, kafka
from deploy.dev.kafka.broker import Broker
from deploy.dev.unavailable import Unavailable

pytestmark = pytest.mark.kafka


def listens(broker: Broker) -> bool:
    """Tell whether somebody listens on the broker's port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", broker.port)) == 0


def test_a_killed_broker_comes_back_on_its_port(kafka_cluster: KafkaCluster, broker: Broker) -> None:
    before = broker.pid
    broker.kill()
    assert not listens(broker)
    with pytest.raises(Unavailable, match="does not run"):
        _ = broker.pid
    broker.start()
    assert listens(broker)
    assert broker.pid != before
    assert kafka_cluster.bootstrap == broker.address


def test_a_machine_without_java_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="no Java"), kafka(tmp_path / "cluster"):
        pass


def test_a_broker_given_by_setting_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROUNDS_TEST_KAFKA", "127.0.0.1:9092")
    with kafka(tmp_path / "cluster") as cluster:
        assert (cluster.bootstrap, cluster.brokers) == ("127.0.0.1:9092", [])
