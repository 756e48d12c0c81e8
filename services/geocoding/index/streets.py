"""Which pieces of an extract make one street."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.geocoding.domain.geometry import Cell, cell_of, connected, metres_between
from services.geocoding.domain.street_name import street_name
from services.geocoding.index.clean import Address
from services.geocoding.index.extract import FoundStreet

_CELL = 0.02
"""Degrees, about 2 km: pieces of one name further apart than this are two streets."""

type StreetKey = tuple[str, int]
"""A street's canonical name, and which of the streets of that name it is."""


class StreetMap:
    """Tells which street an address or a way belongs to: by its name, and by the part of town where that name runs."""

    def __init__(self, rows: Iterable[Address], ways: Iterable[FoundStreet]) -> None:
        cells: dict[str, dict[Cell, None]] = defaultdict(dict)
        for row in rows:
            cells[street_name(row.street).text][cell_of(row.lat, row.lon, _CELL)] = None
        for way in ways:
            cells[street_name(way.name).text].update((cell_of(lat, lon, _CELL), None) for lat, lon in way.points)
        self._parts = {name: connected(seen) for name, seen in cells.items()}

    def of_address(self, row: Address) -> StreetKey:
        """Return the street of an address that was among the constructor's rows."""
        return self._at(row.street, row.lat, row.lon)

    def of_way(self, way: FoundStreet) -> StreetKey:
        """Return the street of a way that was among the constructor's ways."""
        return self._at(way.name, *way.points[0])

    def _at(self, name: str, lat: float, lon: float) -> StreetKey:
        text = street_name(name).text
        return text, self._parts[text][cell_of(lat, lon, _CELL)]


@dataclass(frozen=True, slots=True)
class Street:
    """A street as it is stored.

    Attributes:
        name: its most frequent spelling, the ways' before the addresses'.
        city: the city of most of its addresses, "" without any.
        lat: WGS84 degrees of a point on it, the nearest to its middle.
        lon: likewise.
    """

    name: str
    city: str
    lat: float
    lon: float


@dataclass(slots=True)
class _Pieces:
    way_names: Counter[str] = field(default_factory=Counter)
    address_names: Counter[str] = field(default_factory=Counter)
    cities: Counter[str] = field(default_factory=Counter)
    points: list[tuple[float, float]] = field(default_factory=list)

    def street(self) -> Street:
        lat = sum(lat for lat, _ in self.points) / len(self.points)
        lon = sum(lon for _, lon in self.points) / len(self.points)
        middle = min(self.points, key=lambda point: metres_between(lat, lon, *point))
        names = self.way_names or self.address_names
        return Street(names.most_common(1)[0][0], _commonest(self.cities), *middle)


def gather_streets(rows: Iterable[Address], ways: Iterable[FoundStreet], streets: StreetMap) -> dict[StreetKey, Street]:
    """Return every street that has a way or an address."""
    pieces: dict[StreetKey, _Pieces] = defaultdict(_Pieces)
    for way in ways:
        if street_name(way.name).text:
            piece = pieces[streets.of_way(way)]
            piece.way_names[way.name] += 1
            piece.points.extend(way.points)
    for row in rows:
        piece = pieces[streets.of_address(row)]
        piece.address_names[row.street] += 1
        piece.cities[row.city] += 1
        if not piece.way_names:
            piece.points.append((row.lat, row.lon))
    return {key: piece.street() for key, piece in pieces.items()}


def _commonest(names: Counter[str]) -> str:
    return names.most_common(1)[0][0] if names else ""
