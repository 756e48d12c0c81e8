"""Finding the running system: by address, or by the file it leaves in its data directory."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import httpx

from shared.errors import ConfigurationError
from shared.settings import HouseSettings

SERVER_FILE = "server.json"


@dataclass(frozen=True, slots=True)
class RunningSystem:
    """What the file says.

    Attributes:
        url: where people reach the system: the board.
        rooms: base URLs by room, where each room is a process of its own.
        environment: settings that a command needs to reach what the rooms use: the brokers, the databases.
    """

    url: str
    rooms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def announced(data: Path, system: RunningSystem) -> Iterator[None]:
    """Say in the data directory where the system is reached, for as long as it runs."""
    file = data / SERVER_FILE
    file.write_text(json.dumps(asdict(system), indent=1))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def found_system(data: Path) -> RunningSystem:
    """Return the system that runs on a data directory, or the one that this process's ``ROUNDS_PEERS`` names.

    The latter is how commands find it in a room's container.

    Raises:
        ConfigurationError: neither is there.
    """
    try:
        return RunningSystem(**json.loads((data / SERVER_FILE).read_text()))
    except (OSError, ValueError, TypeError) as error:
        rooms = {room: addresses.split(",") for room, addresses in HouseSettings().peers.items()}
        if rooms:
            return RunningSystem(url=rooms.get("board", next(iter(rooms.values())))[0], rooms=rooms)
        message = f"No system runs on {data}. Start one with `rounds up --data {data}`, or name one with --url."
        raise ConfigurationError(message) from error


def adopt_environment(data: Path) -> None:
    """Take over where the running system has its brokers and databases, unless this process's own settings say it."""
    try:
        system = found_system(data)
    except ConfigurationError:
        return
    for name, value in system.environment.items():
        os.environ.setdefault(name, value)


def system_url(data: Path, url: str | None = None, *, room: str) -> str:
    """Return the base URL at which a room of the running system answers.

    Args:
        data: the data directory it runs on.
        url: where everything of it is reached, if that was said.
        room: the room that is asked.

    Raises:
        ConfigurationError: none was named and none runs on this data directory.
    """
    if url:
        return url.rstrip("/")
    system = found_system(data)
    return next(iter(system.rooms.get(room, ())), system.url)


def running_system(data: Path, url: str | None = None, *, room: str) -> httpx.Client:
    """Return a client of a room of the running system; see ``system_url``."""
    return httpx.Client(base_url=system_url(data, url, room=room), timeout=30)
