"""Servers that the tests of every folder share, one of each for a test process."""

import gc
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.dev.kafka import KafkaCluster, kafka
from deploy.dev.postgres import PostgresServer, postgres
from deploy.dev.unavailable import Unavailable


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL; a test that kills it starts it again."""
    with tempfile.TemporaryDirectory(prefix="rounds-postgres-") as folder:
        Path(folder).chmod(0o711)  # the server runs as somebody else when we are root
        try:
            with postgres(Path(folder), fsync=False) as server:  # no test switches the machine off
                yield server
        except Unavailable as error:
            pytest.skip(f"skipped: {error}")


@pytest.fixture(autouse=True)
def buried_connections(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect what aiokafka leaves open when it is stopped while it connects, before that disturbs another test."""
    yield
    if request.node.get_closest_marker("kafka"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture(scope="session")
def kafka_cluster() -> Iterator[KafkaCluster]:
    """One running broker; a test that kills it starts it again."""
    with tempfile.TemporaryDirectory(prefix="rounds-kafka-") as folder:
        try:
            with kafka(Path(folder)) as cluster:
                yield cluster
        except Unavailable as error:
            pytest.skip(f"skipped: {error}")
