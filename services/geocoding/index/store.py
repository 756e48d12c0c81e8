"""Reading an address index."""

import json
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from services.geocoding.domain.area import AreaProfile
from services.geocoding.domain.house_number import HouseNumber
from services.geocoding.domain.interpolate import KnownHouse
from services.geocoding.domain.street_name import StreetName, street_name
from services.geocoding.index.schema import VERSION, trigrams
from shared.errors import ConfigurationError

_PROFILE_FIELDS = ("bbox", "states", "cities", "districts", "postcodes")
_NEAR_NUMBERS = 100
"""As far as a neighbour's number may be from the one that is placed between two of them: a block has a hundred."""


@dataclass(frozen=True, slots=True)
class IndexedStreet:
    """A street of the index."""

    id: int
    label: str
    name: StreetName
    city: str
    lat: float
    lon: float


class IndexedAddress(NamedTuple):
    """A house number of the index; "" where something is not known."""

    street_id: int
    unit: str
    city: str
    postcode: str
    state: str
    guessed_city: int
    guessed_postcode: int
    lat: float
    lon: float


class IndexStore:
    """An open address index: the streets in memory, the houses on disk.

    Attributes:
        profile: what the gate knows of the area.
        streets: every street by its id.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        meta = {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM meta")}
        if meta.get("version") != VERSION:
            message = f"version {meta.get('version')} instead of {VERSION}"
            raise sqlite3.DatabaseError(message)
        fields = {name: tuple(meta[name]) for name in _PROFILE_FIELDS}
        self.profile = AreaProfile(**fields, hyphenated=meta["hyphenated"])
        self.streets: dict[int, IndexedStreet] = {}
        self._by_text: dict[str, list[IndexedStreet]] = defaultdict(list)
        self._by_core: dict[int, list[IndexedStreet]] = defaultdict(list)
        rows = connection.execute("SELECT id, name, core_id, city, lat, lon FROM street")
        for street_id, label, core_id, city, lat, lon in rows:
            street = IndexedStreet(street_id, label, street_name(label), city, lat, lon)
            self.streets[street_id] = street
            self._by_text[street.name.text].append(street)
            self._by_core[core_id].append(street)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an index for reading; it may be used from any one thread at a time.

        Raises:
            ConfigurationError: there is no index, or it is damaged or of another version.
        """
        try:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        except sqlite3.OperationalError as error:
            message = f"There is no address index at {path}. Build the area with `rounds area build`."
            raise ConfigurationError(message) from error
        try:
            return cls(connection)
        except (sqlite3.DatabaseError, KeyError) as error:
            connection.close()
            message = f"{path} is not an address index of this version ({error}). Build the area again."
            raise ConfigurationError(message) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def named(self, name: StreetName) -> list[IndexedStreet]:
        """Return the streets that are called exactly so."""
        return self._by_text.get(name.text, [])

    def like(self, name: StreetName, limit: int) -> list[IndexedStreet]:
        """Return the streets whose cores share most trigrams with a name's, the likest first."""
        cores = self._connection.execute(
            "SELECT rowid FROM core WHERE core MATCH ? ORDER BY rank LIMIT ?", (trigrams(name.core), limit)
        )
        return [street for (core_id,) in cores for street in self._by_core[core_id]]

    def with_number(self, number: HouseNumber) -> list[IndexedStreet]:
        """Return the streets that have a house number."""
        found = self._connection.execute("SELECT DISTINCT street_id FROM address WHERE number = ?", (number.key,))
        return [self.streets[street_id] for (street_id,) in found]

    def houses(self, key: str, street: IndexedStreet) -> list[IndexedAddress]:
        """Return the houses of a street that have a number's key."""
        found = self._connection.execute(
            "SELECT street_id, unit, city, postcode, state, guessed_city, guessed_postcode, lat, lon"
            " FROM address WHERE number = ? AND street_id = ?",
            (key, street.id),
        )
        return [IndexedAddress._make(row) for row in found]

    def neighbours(self, number: HouseNumber, street: IndexedStreet) -> list[KnownHouse]:
        """Return the houses on a street whose numbers are near one, with the same prefix."""
        prefix = -1 if number.prefix is None else number.prefix
        found = self._connection.execute(
            "SELECT prefix, value, lat, lon FROM address WHERE street_id = ? AND value BETWEEN ? AND ? AND prefix = ?",
            (street.id, number.value - _NEAR_NUMBERS, number.value + _NEAR_NUMBERS, prefix),
        )
        return [KnownHouse._make(row) for row in found]
