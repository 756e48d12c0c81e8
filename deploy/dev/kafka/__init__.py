"""A real Kafka on a machine without Docker: ``with kafka(folder) as cluster``.

Brokers speak KRaft, each its own controller, on 127.0.0.1 and on ports that stay theirs over a restart. A broker given
by ``ROUNDS_TEST_KAFKA`` (host:port) is used instead; it cannot be killed.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.dev.kafka.broker import HOST, Broker
from deploy.dev.kafka.layout import Security, lay_out

GIVEN = "ROUNDS_TEST_KAFKA"


@dataclass(frozen=True, slots=True)
class KafkaCluster:
    """Brokers that run.

    Attributes:
        bootstrap: ``host:port`` of each, with commas.
        brokers: the processes; none if the broker was given by setting.
    """

    bootstrap: str
    brokers: list[Broker]

    def address(self, listener: str) -> str:
        """Return where a further listener of the first broker is."""
        return f"{HOST}:{self.brokers[0].ports[listener]}"


@contextmanager
def kafka(
    folder: Path, brokers: int = 1, *, security: Security | None = None, ports: Sequence[int] = ()
) -> Iterator[KafkaCluster]:
    """Run a cluster for as long as the block lasts.

    Args:
        folder: settings, data and output; what a cluster left there is used on.
        brokers: how many. Three replicate everything and take a write when two have it.
        security: further listeners and users.
        ports: the plain ports of the brokers, if they are to be known beforehand.

    Raises:
        Unavailable: a program is missing, or the brokers did not start.
    """
    given = os.environ.get(GIVEN, "")
    if given and brokers == 1 and security is None:
        yield KafkaCluster(given, [])
        return
    made = lay_out(folder.resolve(), brokers, security or Security(), ports)
    try:
        for broker in made:
            broker.launch()
        for broker in made:
            broker.wait_ready(len(made))
        yield KafkaCluster(",".join(broker.address for broker in made), made)
    finally:
        for broker in made:
            broker.stop()
