"""The areas there are, read again only when a manifest has changed: the question is asked with every booking."""

from pathlib import Path

from shared.areas import MANIFEST, Area, load_areas
from shared.events.ids import AreaId


class AreaManifests:
    """The areas below a data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._state: list[tuple[Path, int]] | None = None
        self._areas: dict[AreaId, Area] = {}

    def __call__(self) -> dict[AreaId, Area]:
        """Return the areas built so far.

        Raises:
            ConfigurationError: a manifest that cannot be read.
        """
        manifests = sorted((self._data / "areas").glob(f"*/{MANIFEST}"))
        state = [(path, path.stat().st_mtime_ns) for path in manifests]
        if state != self._state:
            self._areas = load_areas(self._data)
            self._state = state
        return self._areas
