"""Where an area's road graph lies, and which version of it is there."""

from dataclasses import dataclass
from pathlib import Path

from services.routing.travel.graph import BASE_NAME
from services.routing.travel.port import TravelError
from shared.areas import MANIFEST, area_dir
from shared.events.ids import AreaId


@dataclass(frozen=True, slots=True)
class Graph:
    """A road graph on disk.

    Attributes:
        base: what its files' names begin with.
        version: another one after every build, so that nobody keeps times of streets that have changed.
    """

    base: str
    version: str


@dataclass(frozen=True, slots=True)
class AreaGraphs:
    """Finds the graphs below a data directory; an area that was built again is noticed at the next question."""

    data_dir: Path

    def __call__(self, area_id: AreaId) -> Graph:
        """Return the area's graph.

        Raises:
            TravelError: there is no such area.
        """
        folder = area_dir(self.data_dir, area_id)
        try:
            built = (folder / MANIFEST).stat().st_mtime_ns
        except OSError as error:
            message = f"There is no map of the area {area_id}. Build one with `rounds area build`."
            raise TravelError(message) from error
        return Graph(base=str(folder / "graph" / BASE_NAME), version=str(built))
