"""What the routing room's endpoints, handlers and jobs work with."""

from collections.abc import Callable
from dataclasses import dataclass

from services.routing.settings import RoutingSettings
from services.routing.travel.port import TravelTimes
from shared.areas import Area
from shared.clock import Clock
from shared.db.session import Database
from shared.events.ids import AreaId


@dataclass(frozen=True, slots=True)
class RoutingState:
    """The room's parts."""

    db: Database
    clock: Clock
    areas: Callable[[], dict[AreaId, Area]]
    travel: TravelTimes
    settings: RoutingSettings
