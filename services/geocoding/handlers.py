"""What the geocoding room does with what it hears: queue addresses. Locating them is a job (see locating.py)."""

from collections.abc import Mapping

from services.geocoding.deps import GeocodingState
from services.geocoding.store import queries
from services.geocoding.store.models import PlaceRow, PlaceStatus
from shared.bus.handling import Deps, Handler
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested, VisitState
from shared.events.registry import Event


async def on_visit_stated(event: VisitState, deps: Deps[GeocodingState]) -> None:
    """Queue the visit's address, unless it is the one we know."""
    row = await queries.place(deps.session, event.visit_id)
    if row is not None and event.aggregate_version <= row.visit_version:
        return
    if row is not None and row.address_version == event.address_version and row.area_id == event.area_id:
        row.visit_version = event.aggregate_version
        return
    fresh = _fresh(event, deps) if row is None else row
    fresh.visit_version = event.aggregate_version
    fresh.area_id = event.area_id
    fresh.address_version = event.address_version
    fresh.address = event.address.model_dump(mode="json")
    fresh.queued_at = deps.room.clock()
    fresh.cause = deps.cause
    _forget(fresh, PlaceStatus.PENDING)
    deps.session.add(fresh)


async def on_visit_cancelled(event: VisitCancelled, deps: Deps[GeocodingState]) -> None:
    """Forget the address; nobody needs to look for it any more."""
    row = await queries.place(deps.session, event.visit_id) or _fresh(event, deps)
    if event.aggregate_version <= row.visit_version:
        return
    row.visit_version = event.aggregate_version
    row.address = None
    _forget(row, PlaceStatus.CANCELLED)
    deps.session.add(row)


def _fresh(event: VisitState | VisitCancelled, deps: Deps[GeocodingState]) -> PlaceRow:
    return PlaceRow(
        visit_id=event.visit_id,
        visit_version=0,
        area_id=event.area_id,
        address_version=0,
        address=None,
        status=PlaceStatus.PENDING,
        queued_at=deps.room.clock(),
    )


def _forget(row: PlaceRow, status: PlaceStatus) -> None:
    """Drop what was found for an address that no longer counts."""
    row.status = status
    row.reason = row.match = row.state = row.provider = None
    row.lat = row.lon = row.confidence = None
    row.candidates = []


HANDLERS: Mapping[type[Event], Handler] = {
    VisitRequested: on_visit_stated,
    VisitChanged: on_visit_stated,
    VisitCancelled: on_visit_cancelled,
}
