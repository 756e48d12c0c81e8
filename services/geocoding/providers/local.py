"""The geocoder that works offline: an address index built from OpenStreetMap."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Self

from services.geocoding.domain import score
from services.geocoding.domain.address import AddressQuery, Answer, Candidate, ParsedAddress, Status
from services.geocoding.domain.area import AreaProfile, Gate, gate
from services.geocoding.domain.decide import OUTSIDE, SAME_PLACE_METRES, UNREADABLE, decide
from services.geocoding.domain.geometry import metres_between
from services.geocoding.domain.interpolate import interpolate
from services.geocoding.domain.judge import Finding, judge
from services.geocoding.domain.parse import readings
from services.geocoding.index.store import IndexedAddress, IndexedStreet, IndexStore
from shared.events.values import MatchKind

LOCAL = "local"
_SIMILAR_CORES = 40
"""Names fetched for a misspelt one; of real names with one typo, 99 in 100 are among so many."""
_DEAREST_STREET = 0.6
"""A street that costs more is not worth showing to anybody."""
_MOST_OTHERS = 8
"""Streets looked at for a misspelt one beside those that have the number."""


class AddressIndex:
    """An address index that answers questions. Safe to use from several threads, one question at a time."""

    def __init__(self, store: IndexStore) -> None:
        self._store = store
        self._lock = Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the index that ``build_address_index`` wrote.

        Raises:
            ConfigurationError: there is no index, or it is damaged or of another version.
        """
        return cls(IndexStore.open(path))

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    @property
    def profile(self) -> AreaProfile:
        """What the index knows of its area."""
        return self._store.profile

    def locate(self, query: AddressQuery) -> Answer:
        """Return where an address lies, or why that is not certain; 0.1 ms exact, 1 to 2 ms with a typo."""
        with self._lock:
            return self._locate(query)

    def locate_many(self, queries: Iterable[AddressQuery]) -> list[Answer]:
        """Answer many queries, in their order."""
        return [self.locate(query) for query in queries]

    def _locate(self, query: AddressQuery) -> Answer:
        answers = []
        for address in readings(query, self.profile):
            answer = self._locate_reading(address)
            if answer.place:
                return answer
            answers.append(answer)
        return min(answers, key=_usefulness, default=UNREADABLE)

    def _locate_reading(self, address: ParsedAddress) -> Answer:
        verdict = gate(self.profile, address)
        if verdict is Gate.SHUT:
            return OUTSIDE
        if not address.street.text:
            return UNREADABLE
        candidates = self._candidates(address)
        return decide(candidates, doubtful=verdict is Gate.DOUBTFUL, named=address.names_a_place)

    def _candidates(self, address: ParsedAddress) -> list[Candidate]:
        """Return what the address may mean. A street that is written right and has the number is taken at its word."""
        as_written = self._store.named(address.street)
        found = [place for street in as_written for place in self._on_street(address, street, 0.0, 0.0)]
        if any(candidate.match is not MatchKind.STREET for candidate in found):
            return found
        other = score.OTHER_NAME_EXISTS if as_written else 0.0
        by_street = [(s, self._on_street(address, s, price, other)) for s, price in self._similar(address)]
        return found + _doubt_sisters(address, by_street)

    def _similar(self, address: ParsedAddress) -> list[tuple[IndexedStreet, float]]:
        """Return streets of similar name with their price: those that have the number, and the likest of the others."""
        numbers = address.number.readings(hyphenated=self.profile.hyphenated) if address.number else ()
        with_number = {street.id for number in numbers for street in self._store.with_number(number)}
        alike = {street.id for street in self._store.like(address.street, _SIMILAR_CORES)}
        priced = ((street_id, self._store.streets[street_id].name) for street_id in with_number | alike)
        ranked = sorted((score.street_price(address.street, name), street_id) for street_id, name in priced)
        near = [(street_id, price) for price, street_id in ranked if 0 < price <= _DEAREST_STREET]
        others = [pair for pair in near if pair[0] not in with_number][:_MOST_OTHERS]
        chosen = [pair for pair in near if pair[0] in with_number] + others
        return [(self._store.streets[street_id], price) for street_id, price in chosen]

    def _on_street(self, asked: ParsedAddress, street: IndexedStreet, price: float, other: float) -> list[Candidate]:
        """Return the places on a street that have the number, or else the likeliest place for it."""
        return [
            judge(asked, finding, self.profile, street_price=price, other_price=other + doubt, provider=LOCAL)
            for finding, doubt in self._find_number(asked, street)
        ]

    def _find_number(self, asked: ParsedAddress, street: IndexedStreet) -> list[tuple[Finding, float]]:
        """Return what a street has for the number, each with the price of how it was read."""
        number = asked.number
        if number is None:
            return [(_point(street, street.lat, street.lon, MatchKind.STREET), 0.0)]
        numbers = number.readings(hyphenated=self.profile.hyphenated)
        for reading in numbers:
            if houses := self._store.houses(reading.key, street):
                doubt = 0.0 if reading is number else score.NUMBER_REREAD
                mapped = _as_one(_of_unit(houses, asked.unit))
                return [(_building(house, reading.key, street), doubt) for house in mapped]
        if number.key != number.stem and (houses := self._store.houses(number.stem, street)):
            return [(_building(house, number.stem, street), score.NUMBER_NEARBY) for house in houses]
        for reading in numbers:
            if between := interpolate(reading, self._store.neighbours(reading, street)):
                return [(_point(street, *between, MatchKind.INTERPOLATED, reading.key), 0.0)]
        return [(_point(street, street.lat, street.lon, MatchKind.STREET), 0.0)]


def _usefulness(answer: Answer) -> int:
    """Rank answers that are no place: something to choose from, then a clear no, then nothing."""
    if answer.candidates:
        return 0
    return 1 if answer.status is Status.OUTSIDE else 2


def _doubt_sisters(asked: ParsedAddress, found: Sequence[tuple[IndexedStreet, list[Candidate]]]) -> list[Candidate]:
    """Return the candidates, less sure where only a direction nobody gave tells two streets with the number apart.

    That the map has the house on one of them proves nothing: houses are missing from every map.
    """
    if asked.street.direction or asked.postcode:
        return [candidate for _, candidates in found for candidate in candidates]
    mapped: Counter[tuple[str, str]] = Counter()
    possible: Counter[tuple[str, str]] = Counter()
    for street, candidates in found:
        kinds = {candidate.match for candidate in candidates}
        mapped[_family(street)] += MatchKind.ADDRESS in kinds
        possible[_family(street)] += MatchKind.INTERPOLATED in kinds
    return [
        replace(candidate, confidence=max(0.0, candidate.confidence - score.SISTER_STREET))
        if mapped[_family(street)] == 1 and possible[_family(street)]
        else candidate
        for street, candidates in found
        for candidate in candidates
    ]


def _family(street: IndexedStreet) -> tuple[str, str]:
    return street.name.core, street.name.suffix


def _of_unit(houses: list[IndexedAddress], unit: str) -> list[IndexedAddress]:
    """Return the houses tagged with the unit asked for; all of them when none is."""
    return [house for house in houses if unit and house.unit and house.unit in unit.split()] or houses


def _as_one(houses: list[IndexedAddress]) -> list[IndexedAddress]:
    """Return an address that is mapped more than once as one in the middle, when that is near each of them."""
    lat = sum(house.lat for house in houses) / len(houses)
    lon = sum(house.lon for house in houses) / len(houses)
    if any(metres_between(lat, lon, house.lat, house.lon) > SAME_PLACE_METRES for house in houses):
        return houses
    return [houses[0]._replace(lat=lat, lon=lon)]


def _building(house: IndexedAddress, number: str, street: IndexedStreet) -> Finding:
    return Finding(
        lat=house.lat,
        lon=house.lon,
        match=MatchKind.ADDRESS,
        label=_label(number, street, house.city, f"{house.state} {house.postcode}"),
        city=house.city,
        postcode=house.postcode,
        state=house.state,
        guessed_city=bool(house.guessed_city),
        guessed_postcode=bool(house.guessed_postcode),
    )


def _point(street: IndexedStreet, lat: float, lon: float, match: MatchKind, number: str = "") -> Finding:
    label = _label(number, street, street.city, "")
    return Finding(lat=lat, lon=lon, match=match, label=label, city=street.city, guessed_city=True)


def _label(number: str, street: IndexedStreet, city: str, region: str) -> str:
    return ", ".join(part for part in (f"{number.upper()} {street.label}".strip(), city, region.strip()) if part)


class LocalGeocoder:
    """The address index behind the port; a question runs in a thread, so that the loop goes on."""

    def __init__(self, index: AddressIndex) -> None:
        self._index = index

    async def locate(self, query: AddressQuery) -> Answer:
        """Return where an address lies, or why nobody can say without looking."""
        return await asyncio.to_thread(self._index.locate, query)

    async def locate_many(self, queries: Sequence[AddressQuery]) -> list[Answer]:
        """Answer many queries, in their order."""
        return await asyncio.to_thread(self._index.locate_many, queries)
