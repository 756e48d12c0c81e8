"""Furnishing a house on a data directory: whose it is, what its rooms share, where it is reached."""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shared.bus.log import LogBus
from shared.bus.port import Bus
from shared.clock import utc_now
from shared.errors import ConfigurationError
from shared.peers import Peers
from shared.runtime import House, Room
from shared.security.secrets import read_or_create
from shared.security.tokens import Tokens
from shared.settings import HouseSettings

type Builder = Callable[[House], Room]


@contextmanager
def claimed(data: Path, name: str, *, shared: bool = False) -> Iterator[None]:
    """Hold a data directory, or one room of it, for this process alone.

    Args:
        data: the data directory.
        name: ``house`` for the whole of it, or a room.
        shared: together with others that hold it shared: rooms that run as processes of their own.

    Raises:
        ConfigurationError: another process holds it, or it cannot be written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / f"{name}.lock").open("w")
    except OSError as error:
        message = f"The data directory {data} cannot be written: {error.strerror}. Give another with --data."
        raise ConfigurationError(message) from error
    with lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another Rounds runs on {data}. Stop it first, or give this one another directory with --data."
            raise ConfigurationError(message) from None
        yield


def furnish(settings: HouseSettings, builders: Sequence[Builder]) -> tuple[House, list[Room]]:
    """Compose rooms over the bus and the databases that the settings name; nothing is started yet."""
    tokens = Tokens(read_or_create(settings.signing_key_file or settings.data / "secrets" / "signing.key"), utc_now)
    house = House(
        settings=settings,
        bus=_bus(settings),
        clock=utc_now,
        tokens=tokens,
        peers=Peers(tokens, settings.peers),
    )
    return house, [build(house) for build in builders]


def _bus(settings: HouseSettings) -> Bus:
    if not settings.kafka_bootstrap_servers:
        return LogBus(settings.data / "bus.sqlite")
    from shared.bus.kafka import KafkaBus, KafkaSettings  # noqa: PLC0415 - an embedded system starts without the client

    return KafkaBus(KafkaSettings.read())
