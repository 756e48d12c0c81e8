"""What is asked of a geocoder, and what it answers."""

from dataclasses import dataclass, field
from enum import StrEnum

from services.geocoding.domain.house_number import HouseNumber
from services.geocoding.domain.street_name import StreetName
from shared.events.geocoding import UnresolvedReason
from shared.events.values import MatchKind


@dataclass(frozen=True, slots=True)
class AddressQuery:
    """An address as somebody wrote it: one line, or a street line with the other fields apart.

    Attributes:
        line: the whole address, or only number and street when the other fields are given.
        unit: apartment or suite, when it has a field of its own.
        city: city, when it has a field of its own.
        state: code or name of state or province, when it has a field of its own.
        postcode: ZIP, ZIP+4 or Canadian postcode, when it has a field of its own.
    """

    line: str
    unit: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""

    def one_line(self) -> str:
        """Return the address as one line, as a remote geocoder takes it."""
        region = " ".join(part for part in (self.state, self.postcode) if part)
        return ", ".join(part for part in (self.line, self.city, region) if part)


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """An address taken apart.

    Attributes:
        number: the house number, None when there is none that can be read.
        street: the street's name; its text is "" when there is none.
        unit: folded apartment or suite, "" without.
        places: folded names of city, suburb or county, in the order they were written.
        state: two-letter code of state or province.
        postcode: normalised postcode (see ``regions.postcode``).
    """

    number: HouseNumber | None
    street: StreetName
    unit: str = ""
    places: tuple[str, ...] = ()
    state: str | None = None
    postcode: str | None = None

    @property
    def names_a_place(self) -> bool:
        """Whether anything says in which town the street lies."""
        return bool(self.places or self.postcode)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place an address may mean.

    Attributes:
        lat: WGS84 degrees.
        lon: WGS84 degrees.
        match: how exactly it was found.
        confidence: 0 to 1, see ``score``.
        label: the address as the map has it.
        state: two-letter code of the state it lies in, where known.
        provider: who found it.
    """

    lat: float
    lon: float
    match: MatchKind
    confidence: float
    label: str
    state: str | None = None
    provider: str = "local"


class Status(StrEnum):
    """What became of an address."""

    RESOLVED = "resolved"
    REVIEW = "review"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one query.

    Attributes:
        status: resolved, or who must look at it.
        candidates: best first; when resolved, the first is the place.
        reason: why there is no place; None exactly when resolved.
    """

    status: Status
    candidates: tuple[Candidate, ...] = field(default=())
    reason: UnresolvedReason | None = None

    def __post_init__(self) -> None:
        if (self.status is Status.RESOLVED) != (self.reason is None):
            message = "An answer has a reason exactly when it is not resolved."
            raise ValueError(message)
        if self.status is Status.RESOLVED and not self.candidates:
            message = "A resolved answer needs its place as first candidate."
            raise ValueError(message)

    @property
    def place(self) -> Candidate | None:
        """The place, None when it is not resolved."""
        return self.candidates[0] if self.status is Status.RESOLVED else None
