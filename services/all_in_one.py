"""Every room in one process on one port, over the embedded bus and one SQLite file a room: the default."""

from services.board.service import build as build_board
from services.booking.service import build as build_booking
from services.dispatch.service import build as build_dispatch
from services.geocoding.service import build as build_geocoding
from services.house import Builder, claimed, furnish
from services.nurse_app.service import build as build_nurse_app
from services.routing.service import build as build_routing
from shared.client import RunningSystem, announced
from shared.runtime import Main, listen, serve
from shared.settings import HouseSettings

BUILDERS: tuple[Builder, ...] = (
    build_booking,
    build_geocoding,
    build_routing,
    build_dispatch,
    build_board,
    build_nurse_app,
)


async def run(settings: HouseSettings, main: Main | None = None) -> None:
    """Serve the whole house until it is told to stop, or until ``main`` returns.

    Raises:
        ConfigurationError: the port or the data directory is taken, or a setting cannot work.
    """
    with claimed(settings.data, "house"), listen(settings.host, settings.port) as sock:
        host, port = sock.getsockname()
        url = settings.public_url or f"http://{host}:{port}"
        house, rooms = furnish(settings.model_copy(update={"port": port, "public_url": url}), BUILDERS)
        with announced(settings.data, RunningSystem(url)):
            await serve(house, rooms, sock, main)
