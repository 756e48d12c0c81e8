"""What the geocoding room says: where a visit's address lies, or that it cannot tell."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.events.ids import AreaId, VisitId
from shared.events.registry import Event, event
from shared.events.topics import PLACES
from shared.events.values import GeoPoint, MatchKind, Sealed, Value

type Confidence = Annotated[float, Field(ge=0, le=1)]


class UnresolvedReason(StrEnum):
    """Why an address has no place yet."""

    OUTSIDE = "outside"
    AMBIGUOUS = "ambiguous"
    LOW_CONFIDENCE = "low_confidence"
    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"


class PlaceCandidate(Value):
    """A place the address may mean; its label is sealed with the patient's key."""

    point: GeoPoint
    match: MatchKind
    confidence: Confidence
    label: Sealed
    state: str | None = None


@event("rounds.geocoding.place-resolved.v1", PLACES)
class PlaceResolved(Event):
    """The visit's address was found.

    Attributes:
        address_version: the version of the visit's address that this answers.
        state: two-letter code of the state the place lies in, where known: licences hold per state.
        provider: who found it (``local``, ``nominatim``, ``dispatcher``).
    """

    visit_id: VisitId
    area_id: AreaId
    address_version: int
    point: GeoPoint
    match: MatchKind
    confidence: Confidence
    state: str | None
    provider: str

    def key(self) -> str:
        """Return the visit's id."""
        return str(self.visit_id)


@event("rounds.geocoding.place-unresolved.v1", PLACES)
class PlaceUnresolved(Event):
    """The visit's address could not be trusted to one place; a dispatcher picks or pins it."""

    visit_id: VisitId
    area_id: AreaId
    address_version: int
    reason: UnresolvedReason
    candidates: tuple[PlaceCandidate, ...] = ()

    def key(self) -> str:
        """Return the visit's id."""
        return str(self.visit_id)
