"""The geocoder of each area: its own index first, then the configured remote services behind a cache."""

from dataclasses import dataclass, field
from pathlib import Path

from services.geocoding.providers.cache import CachingGeocoder, SqliteCache
from services.geocoding.providers.chain import ChainGeocoder
from services.geocoding.providers.local import AddressIndex, LocalGeocoder
from services.geocoding.providers.port import Geocoder
from services.geocoding.providers.remote import RemoteGeocoder
from services.geocoding.settings import GeocodingSettings
from shared.areas import MANIFEST, area_dir
from shared.clock import Clock
from shared.events.ids import AreaId
from shared.security.secrets import read_or_create

INDEX = "addresses.sqlite"


@dataclass(frozen=True, slots=True)
class _Opened:
    """An area's geocoder and what must be closed with it."""

    built: int
    geocoder: Geocoder
    index: AddressIndex
    remotes: list[RemoteGeocoder] = field(default_factory=list)


class AreaGeocoders:
    """Opens an area's geocoder when it is first asked for, and again after the area was rebuilt.

    Args:
        data: the data directory.
        settings: the remote services.
        clock: ages the cache of remote answers.
    """

    def __init__(self, data: Path, settings: GeocodingSettings, clock: Clock) -> None:
        self._data = data
        self._settings = settings
        self._clock = clock
        self._opened: dict[AreaId, _Opened] = {}
        self._replaced: list[_Opened] = []
        self._cache: SqliteCache | None = None

    def of(self, area_id: AreaId) -> Geocoder:
        """Return the geocoder of an area that is built.

        Raises:
            ConfigurationError: the index is damaged; the area must be built again.
        """
        built = (area_dir(self._data, area_id) / MANIFEST).stat().st_mtime_ns
        opened = self._opened.get(area_id)
        if opened is None or opened.built != built:
            if opened is not None:
                self._replaced.append(opened)  # somebody may be asking it right now
            opened = self._opened[area_id] = self._open(area_id, built)
        return opened.geocoder

    async def close(self) -> None:
        """Close every index and connection."""
        for opened in (*self._replaced, *self._opened.values()):
            opened.index.close()
            for remote in opened.remotes:
                await remote.close()
        if self._cache is not None:
            self._cache.close()

    def _open(self, area_id: AreaId, built: int) -> _Opened:
        index = AddressIndex.open(area_dir(self._data, area_id) / INDEX)
        remotes = [RemoteGeocoder(settings, index.profile) for settings in self._settings.remotes]
        if not remotes:
            return _Opened(built, LocalGeocoder(index), index)
        self._cache = self._cache or SqliteCache(self._data / "geocoding-cache.sqlite", self._clock)
        secret = read_or_create(self._data / "secrets" / "geocoding-cache.key")
        cached = [
            CachingGeocoder(
                remote, self._cache, secret=secret, scope=f"{area_id}/{built}/{settings.service}/{settings.url}"
            )
            for remote, settings in zip(remotes, self._settings.remotes, strict=True)
        ]
        return _Opened(built, ChainGeocoder([LocalGeocoder(index), *cached]), index, remotes)
