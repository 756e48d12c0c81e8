"""Which processes there are, and on which port each room answers."""

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import ConfigurationError

HOST = "127.0.0.1"
ROOMS = ("board", "booking", "geocoding", "routing", "dispatch", "nurse_app")
"""In the order of their ports."""
FIRST_PORT = 8080
SPREAD = 10
"""The second process of a room listens this much higher than the first."""
MOST = 9


@dataclass(frozen=True, slots=True)
class Place:
    """One process of a room.

    Attributes:
        number: among those of its room, from 0; the same after a restart.
    """

    room: str
    number: int
    port: int

    @property
    def name(self) -> str:
        """Its name: in the logs, and as a member of its group on the brokers."""
        return f"{self.room}-{self.number}"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"


def lay_out(counts: Mapping[str, int], first_port: int = FIRST_PORT) -> list[Place]:
    """Return the processes of every room, each on a port that nobody else listens on.

    Args:
        counts: how many of a room; one of each that is not named.
        first_port: the board's; 0 takes free ports for all.

    Raises:
        ConfigurationError: a room that is none, a number that cannot be, or ports that are taken.
    """
    unknown = sorted(set(counts) - set(ROOMS))
    if unknown:
        raise ConfigurationError(f"There is no room {', '.join(unknown)}. The rooms are: {', '.join(ROOMS)}.")
    too_many = sorted(room for room, count in counts.items() if not 1 <= count <= MOST)
    if too_many:
        raise ConfigurationError(f"A room runs 1 to {MOST} times. Give another number of {', '.join(too_many)}.")
    wanted = [(room, number) for room in ROOMS for number in range(counts.get(room, 1))]
    if first_port == 0:
        ports = _free(len(wanted))
    else:
        ports = [first_port + ROOMS.index(room) + SPREAD * number for room, number in wanted]
    places = [Place(room, number, port) for (room, number), port in zip(wanted, ports, strict=True)]
    taken = [place for place in places if first_port and not _is_free(place.port)]
    if taken:
        which = ", ".join(f"{place.port} ({place.name})" for place in taken)
        raise ConfigurationError(f"Somebody listens on {which} already. Stop that, or give another --port.")
    return places


def urls_by_room(places: Sequence[Place]) -> dict[str, list[str]]:
    """Return the base URLs of every room's processes."""
    return {room: [place.url for place in places if place.room == room] for room in ROOMS}


def settings_of(place: Place, places: Sequence[Place]) -> dict[str, str]:
    """Return the settings that are one process's own: where it listens, who it is, where the others are."""
    urls = urls_by_room(places)
    return {
        "ROUNDS_HOST": HOST,
        "ROUNDS_PORT": str(place.port),
        "ROUNDS_PEERS": json.dumps({room: ",".join(addresses) for room, addresses in urls.items()}),
        "ROUNDS_KAFKA_INSTANCE": place.name,
        "BOARD_NURSE_PAGES_URL": urls["nurse_app"][0],
    }


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
