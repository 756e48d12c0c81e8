"""Rooms as processes of their own on a real Kafka and a real PostgreSQL: two of booking, two of the board."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.dev.kafka import KafkaCluster
from deploy.dev.postgres import PostgresServer
from deploy.dev.system.places import ROOMS, lay_out
from shared.clock import new_id
from tests.flow.conftest import addresses, data, map_dir
from tests.processes.crew import Crew

__all__ = ["addresses", "data", "map_dir"]


@pytest.fixture
def crew(data: Path, postgres_server: PostgresServer, kafka_cluster: KafkaCluster) -> Iterator[Crew]:
    """Two processes of booking and two of the board, ready for work."""
    name = f"crew_{new_id().hex[-8:]}"
    for room in ROOMS:
        postgres_server.create(f"{name}_{room}")
    environment = {
        "ROUNDS_DATA": str(data),
        "ROUNDS_DATABASE_URL": postgres_server.template.replace("rounds_{room}", f"{name}_{{room}}"),
        "ROUNDS_DATABASE_UPGRADE": "true",
        "ROUNDS_DATABASE_POOL": "4",
        "ROUNDS_KAFKA_BOOTSTRAP_SERVERS": kafka_cluster.bootstrap,
        "ROUNDS_KAFKA_PREFIX": f"{name}.",
    }
    crew = Crew(lay_out({"booking": 2, "board": 2}, 0), {"booking", "board"}, environment, data / "logs")
    try:
        crew.start()
        yield crew
    finally:
        crew.stop()
