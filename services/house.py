"""Furnishing a house on a data directory: whose it is, what its rooms share, where it is reached."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shared.bus.log import LogBus
from shared.client import SERVER_FILE
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
    """Compose rooms over the embedded bus; nothing is started yet."""
    tokens = Tokens(read_or_create(settings.data / "secrets" / "signing.key"), utc_now)
    house = House(
        settings=settings,
        bus=LogBus(settings.data / "bus.sqlite"),
        clock=utc_now,
        tokens=tokens,
        peers=Peers(tokens, settings.peers),
    )
    return house, [build(house) for build in builders]


@contextmanager
def announced(data: Path, url: str) -> Iterator[None]:
    """Say in the data directory where the system is reached, for as long as it runs; commands read it."""
    file = data / SERVER_FILE
    file.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
