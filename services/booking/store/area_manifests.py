"""The areas there are. The question is asked with every booking, so the disk is asked once a second at most."""

import time
from pathlib import Path

from shared.areas import MANIFEST, Area, load_areas
from shared.events.ids import AreaId

LOOK_EVERY_SECONDS = 1.0


class AreaManifests:
    """The areas below a data directory."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._looked_at: float | None = None
        self._found: list[tuple[Path, int]] | None = None
        self._areas: dict[AreaId, Area] = {}

    def __call__(self) -> dict[AreaId, Area]:
        """Return the areas built so far; a new one is seen within a second, and read when its manifest changed.

        Raises:
            ConfigurationError: a manifest that cannot be read.
        """
        now = time.monotonic()
        if self._looked_at is None or now - self._looked_at >= LOOK_EVERY_SECONDS:
            manifests = sorted((self._data / "areas").glob(f"*/{MANIFEST}"))
            found = [(path, path.stat().st_mtime_ns) for path in manifests]
            if found != self._found:
                self._areas = load_areas(self._data)
                self._found = found
            self._looked_at = now
        return self._areas
