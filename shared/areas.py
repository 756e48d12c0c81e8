"""The area manifest: what every room may know of an area without asking another room.

An area exists when its ``area.json`` does; the build writes it last.
See docs/decisions/0002-area-manifest-in-shared.md.
"""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.errors import ConfigurationError
from shared.events.ids import AreaId

MANIFEST = "area.json"
LOOK_EVERY_SECONDS = 1.0


class Area(BaseModel):
    """One metro with one map, one time zone, one dispatch desk.

    Attributes:
        bbox: west, south, east, north in WGS84 degrees.
        source_sha256: digest of the extract, hex: names the version of the map (travel caches are keyed by it).
        states: two-letter codes of the states the area's addresses lie in.
        postcodes: every postcode seen among the area's addresses.
    """

    model_config = ConfigDict(frozen=True)

    id: AreaId
    name: str
    timezone: str
    bbox: tuple[float, float, float, float]
    source: str
    source_sha256: str
    built_at: datetime
    addresses: int
    streets: int
    states: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The area's IANA zone."""
        return ZoneInfo(self.timezone)

    def local_date(self, instant: datetime) -> date:
        """Return the area's calendar date at an instant."""
        return instant.astimezone(self.zone).date()

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """Return the first instant of a local day and of the next; 23 to 25 hours apart where clocks change."""
        return (
            datetime.combine(day, time.min, self.zone),
            datetime.combine(day + timedelta(days=1), time.min, self.zone),
        )


def area_dir(data_dir: Path, area_id: AreaId) -> Path:
    """Return the folder that holds an area's graph, address index, basemap and manifest."""
    return data_dir / "areas" / area_id


def load_areas(data_dir: Path) -> dict[AreaId, Area]:
    """Read every area below a data directory.

    Raises:
        ConfigurationError: a manifest that cannot be read, with the file to rebuild.
    """
    areas = {}
    for manifest in sorted((data_dir / "areas").glob(f"*/{MANIFEST}")):
        try:
            area = Area.model_validate_json(manifest.read_bytes())
        except (ValidationError, OSError) as error:
            message = (
                f"{manifest} is not a readable area manifest ({error}). Build the area again with `rounds area build`."
            )
            raise ConfigurationError(message) from error
        areas[area.id] = area
    return areas


class Areas:
    """The areas below a data directory, as of a second ago at most: rooms ask with every message.

    Args:
        data_dir: holds the areas.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._looked_at: float | None = None
        self._seen: list[tuple[Path, int]] | None = None
        self._areas: dict[AreaId, Area] = {}

    def __call__(self) -> dict[AreaId, Area]:
        """Return the areas built so far; a manifest is read again only when it has changed. See ``load_areas``."""
        now = monotonic()
        if self._looked_at is None or now - self._looked_at >= LOOK_EVERY_SECONDS:
            seen = [
                (path, path.stat().st_mtime_ns) for path in sorted((self._data_dir / "areas").glob(f"*/{MANIFEST}"))
            ]
            if seen != self._seen:
                self._areas = load_areas(self._data_dir)
                self._seen = seen
            self._looked_at = now
        return self._areas
