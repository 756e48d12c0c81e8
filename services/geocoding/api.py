"""HTTP of the geocoding room: finding an address, and the review queue a dispatcher settles."""

import base64
import binascii
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.geocoding.deps import GeocodingState
from services.geocoding.domain.address import AddressQuery, Answer, Candidate
from services.geocoding.locating import LABEL, resolved
from services.geocoding.store import queries
from services.geocoding.store.models import PlaceRow, PlaceStatus
from shared.areas import Area
from shared.errors import Problem, invalid, not_found
from shared.events.geocoding import PlaceCandidate, UnresolvedReason
from shared.events.ids import AreaId, PatientId, VisitId
from shared.events.values import MatchKind, Sealed
from shared.http import problem_responses
from shared.security.seal import SealError, open_sealed

router = APIRouter(prefix="/v1", tags=["geocoding"])

MARGIN_DEGREES = 0.05
"""A pin may lie this far outside the area's addresses: new houses stand at the edge of town."""


def current(request: Request) -> GeocodingState:
    """Return the room that answers this request."""
    state: GeocodingState = request.app.state.rooms["geocoding"]
    return state


State = Annotated[GeocodingState, Depends(current)]
VisitPath = Annotated[VisitId, Path(description="The visit whose address is in question.")]


def _example(**fields: Any) -> ConfigDict:  # noqa: ANN401 - JSON
    return ConfigDict(extra="forbid", json_schema_extra={"example": fields})


class GeocodeRequest(BaseModel):
    """An address to find: one line, or a street line with the rest apart."""

    model_config = _example(area_id="harlan-mills-oh", address="412 W 3rd St Apt 5, Harlan Mills, OH 43099")

    area_id: AreaId
    address: str = Field(min_length=1, max_length=300)
    unit: str = Field(default="", max_length=50)
    city: str = Field(default="", max_length=100)
    state: str = Field(default="", max_length=50)
    postcode: str = Field(default="", max_length=20)


class CandidateView(BaseModel):
    """A place the address may mean, with the address as the map has it."""

    lat: float
    lon: float
    match: MatchKind
    confidence: float
    label: str

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Show a candidate."""
        return cls(
            lat=candidate.lat,
            lon=candidate.lon,
            match=candidate.match,
            confidence=candidate.confidence,
            label=candidate.label,
        )


class GeocodeAnswer(BaseModel):
    """Where the address lies. ``status`` resolved: the first candidate is the place; else nobody can say unseen."""

    status: str
    reason: UnresolvedReason | None
    candidates: list[CandidateView]

    @classmethod
    def of(cls, answer: Answer) -> Self:
        """Show an answer."""
        return cls(
            status=answer.status, reason=answer.reason, candidates=[CandidateView.of(c) for c in answer.candidates]
        )


@router.post("/geocode", summary="Find an address", responses=problem_responses(404, 422))
async def geocode(body: GeocodeRequest, state: State) -> GeocodeAnswer:
    """Look an address up in an area, without booking anything."""
    _area(state, body.area_id)
    query = AddressQuery(body.address, body.unit, body.city, body.state, body.postcode)
    return GeocodeAnswer.of(await state.geocoder(body.area_id).locate(query))


class ReviewItem(BaseModel):
    """An address that a dispatcher must settle. It is opened for this reading; the booking room keeps a record."""

    visit_id: VisitId
    area_id: AreaId
    address_version: int
    address: str | None
    reason: UnresolvedReason
    waiting_since: AwareDatetime
    candidates: list[CandidateView]


class ReviewPage(BaseModel):
    """A page of the review queue, the longest waiting first."""

    items: list[ReviewItem]
    next_cursor: str | None


@router.get("/places/review", summary="List addresses to review", responses=problem_responses(404, 422))
async def list_review(
    state: State,
    area_id: Annotated[AreaId, Query(description="The area.", examples=["harlan-mills-oh"])],
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ReviewPage:
    """List the addresses that could not be trusted to one place, with what they may mean."""
    _area(state, area_id)
    async with state.db.reading() as session:
        rows = await queries.in_review(session, area_id, _after(cursor), limit + 1)
    page = rows[:limit]
    keys = await state.keys.get(Sealed.model_validate(row.address).patient_id for row in page)
    more = len(rows) > limit
    return ReviewPage(
        items=[_opened(row, keys) for row in page], next_cursor=_cursor(page[-1].visit_id) if more else None
    )


def _opened(row: PlaceRow, keys: dict[PatientId, bytes]) -> ReviewItem:
    address = Sealed.model_validate(row.address)
    key = keys.get(address.patient_id)
    candidates = [PlaceCandidate.model_validate(candidate) for candidate in row.candidates]
    return ReviewItem(
        visit_id=VisitId(row.visit_id),
        area_id=AreaId(row.area_id),
        address_version=row.address_version,
        address=_text(address, "address", key),
        reason=UnresolvedReason(row.reason or UnresolvedReason.UNREADABLE),
        waiting_since=row.queued_at,
        candidates=[_open_candidate(candidate, key) for candidate in candidates],
    )


def _open_candidate(candidate: PlaceCandidate, key: bytes | None) -> CandidateView:
    return CandidateView(
        lat=candidate.point.lat,
        lon=candidate.point.lon,
        match=candidate.match,
        confidence=candidate.confidence,
        label=_text(candidate.label, LABEL, key) or "",
    )


def _text(sealed: Sealed, purpose: str, key: bytes | None) -> str | None:
    """Open a field; None where nobody can any more: one such item must not hide the queue."""
    if key is None:
        return None
    try:
        return open_sealed(key, sealed, purpose)
    except SealError:
        return None


class Pick(BaseModel):
    """Which candidate is the place. ``address_version`` says which address was looked at."""

    model_config = _example(candidate=0, address_version=1)

    candidate: int = Field(ge=0)
    address_version: int = Field(ge=1)


class Pin(BaseModel):
    """Where the place is, put on the map by hand; ``state`` is needed where the area lies in several."""

    model_config = _example(lat=39.9612, lon=-82.9988, address_version=1)

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    state: str | None = Field(default=None, min_length=2, max_length=2)
    address_version: int = Field(ge=1)


class Settled(BaseModel):
    """The place that was chosen; planning takes it from here."""

    visit_id: VisitId
    lat: float
    lon: float
    match: MatchKind


@router.post("/places/{visit_id}/pick", summary="Choose a candidate", responses=problem_responses(404, 409, 422))
async def pick(visit_id: VisitPath, body: Pick, state: State) -> Settled:
    """Settle an address under review by choosing one of its candidates."""
    async with state.db.transaction() as session:
        row = _reviewable(await queries.place(session, visit_id), visit_id, body.address_version)
        if body.candidate >= len(row.candidates):
            raise invalid("candidate", f"There are {len(row.candidates)}.", "Choose one of them, or pin the place.")
        chosen = PlaceCandidate.model_validate(row.candidates[body.candidate])
        state_code = chosen.state or _only_state(_area(state, AreaId(row.area_id)))
        place = Candidate(
            chosen.point.lat, chosen.point.lon, chosen.match, chosen.confidence, "", state_code, "dispatcher"
        )
        await resolved(session, row, place)
    return Settled(visit_id=visit_id, lat=place.lat, lon=place.lon, match=place.match)


@router.post("/places/{visit_id}/pin", summary="Pin the place on the map", responses=problem_responses(404, 409, 422))
async def pin(visit_id: VisitPath, body: Pin, state: State) -> Settled:
    """Settle an address by putting its place on the map; corrects a place that was found wrongly, too."""
    async with state.db.transaction() as session:
        row = _current(await queries.place(session, visit_id), visit_id, body.address_version)
        area = _area(state, AreaId(row.area_id))
        _inside(area, body.lat, body.lon)
        state_code = body.state.upper() if body.state else _only_state(area)
        if area.states and state_code not in area.states:
            raise invalid("state", f"{area.name} lies in {', '.join(area.states)}.", "Say in which the pin is.")
        place = Candidate(body.lat, body.lon, MatchKind.PINNED, 1.0, "", state_code, "dispatcher")
        await resolved(session, row, place)
    return Settled(visit_id=visit_id, lat=place.lat, lon=place.lon, match=place.match)


def _area(state: GeocodingState, area_id: AreaId) -> Area:
    area = state.areas().get(area_id)
    if area is None:
        raise not_found("area", area_id)
    return area


def _only_state(area: Area) -> str | None:
    """Return the area's state for licences; None where it lies in several."""
    return area.states[0] if len(area.states) == 1 else None


def _inside(area: Area, lat: float, lon: float) -> None:
    west, south, east, north = area.bbox
    margin = MARGIN_DEGREES
    if not (south - margin <= lat <= north + margin and west - margin <= lon <= east + margin):
        raise invalid("lat, lon", f"The pin lies outside {area.name}.", "Put it inside the area's map.")


def _current(row: PlaceRow | None, visit_id: VisitId, address_version: int) -> PlaceRow:
    if row is None:
        raise not_found("visit", visit_id)
    if row.status == PlaceStatus.CANCELLED:
        raise Problem(409, "visit-cancelled", "The visit is cancelled", "The visit was cancelled; it needs no place.")
    if row.address_version != address_version:
        detail = f"The address has changed since (it is version {row.address_version} now). Look at it again."
        raise Problem(409, "address-changed", "The address has changed", detail)
    return row


def _reviewable(row: PlaceRow | None, visit_id: VisitId, address_version: int) -> PlaceRow:
    found = _current(row, visit_id, address_version)
    if found.status != PlaceStatus.REVIEW:
        detail = f"The address is {found.status}, not under review. To move a place that was found, pin it."
        raise Problem(409, "not-in-review", "Not under review", detail)
    return found


def _cursor(visit_id: UUID) -> str:
    return base64.urlsafe_b64encode(visit_id.bytes).decode().rstrip("=")


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error) as error:
        raise invalid("cursor", "It is not one of ours.", "Start again without a cursor.") from error
