"""What the geocoding room's endpoints, handlers and jobs work with."""

from collections.abc import Callable
from dataclasses import dataclass

from services.geocoding.providers.port import Geocoder
from services.geocoding.settings import GeocodingSettings
from shared.areas import Area
from shared.clock import Clock
from shared.db.session import Database
from shared.events.ids import AreaId
from shared.security.keys import PatientKeys


@dataclass(frozen=True, slots=True)
class GeocodingState:
    """The room's parts.

    Attributes:
        geocoder: of an area that is built.
    """

    db: Database
    clock: Clock
    areas: Callable[[], dict[AreaId, Area]]
    geocoder: Callable[[AreaId], Geocoder]
    keys: PatientKeys
    settings: GeocodingSettings
