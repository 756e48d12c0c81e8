"""One room as a process of its own, beside the others on the same bus."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from services.house import Builder, claimed, furnish
from shared.errors import ConfigurationError
from shared.observability.logging import configure_logging
from shared.runtime import listen, serve
from shared.settings import HouseSettings, read_settings


async def _serve(settings: HouseSettings, build: Builder) -> None:
    with listen(settings.host, settings.port) as sock:
        house, rooms = furnish(settings, [build])
        await serve(house, rooms, sock)


@contextmanager
def _claimed(settings: HouseSettings, room: str) -> Iterator[None]:
    """Hold what is embedded: one process a room, beside those of the other rooms. Servers take any number."""
    if settings.database_url and settings.kafka_bootstrap_servers:
        yield
    else:
        with claimed(settings.data, "house", shared=True), claimed(settings.data, room):
            yield


def run(build: Builder) -> None:
    """Serve a room until SIGTERM; exit with 2 and a sentence when it cannot start."""
    configure_logging()
    try:
        settings = read_settings(HouseSettings)
        with _claimed(settings, build.__module__.split(".")[1]):
            uvloop.run(_serve(settings, build))
    except ConfigurationError as error:
        sys.stderr.write(f"rounds: {error}\n")
        sys.exit(2)
