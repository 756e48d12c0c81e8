"""One room as a process of its own, on the same data directory as the others."""

import asyncio
import sys

from services.house import Builder, claimed, furnish
from shared.errors import ConfigurationError
from shared.observability.logging import configure_logging
from shared.runtime import listen, serve
from shared.settings import HouseSettings


async def _serve(build: Builder) -> None:
    settings = HouseSettings()
    name = build.__module__.split(".")[1]
    with (
        claimed(settings.data, "house", shared=True),
        claimed(settings.data, name),
        listen(settings.host, settings.port) as sock,
    ):
        house, rooms = furnish(settings, [build])
        await serve(house, rooms, sock)


def run(build: Builder) -> None:
    """Serve a room until SIGTERM; exit with 2 and a sentence when it cannot start."""
    configure_logging()
    try:
        asyncio.run(_serve(build))
    except ConfigurationError as error:
        sys.stderr.write(f"rounds: {error}\n")
        sys.exit(2)
