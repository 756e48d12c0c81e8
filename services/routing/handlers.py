"""What the routing room does with what it hears: keep the input of planning, and ask for a plan when it changed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from services.routing.deps import RoutingState
from services.routing.domain.calendar import planning_date
from services.routing.store import queries, requests
from services.routing.store.models import BegunRow, PlaceRow, ShiftRow, VisitRow
from shared.areas import Area
from shared.bus.handling import Deps, Handler
from shared.errors import TransientError
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested, VisitState
from shared.events.dispatch import (
    ActEvent,
    DayDisrupted,
    NurseArrived,
    NurseEnRoute,
    ShiftChanged,
    ShiftClosed,
    ShiftOpened,
    ShiftState,
    VisitCompleted,
    VisitMissed,
)
from shared.events.geocoding import PlaceResolved, PlaceUnresolved
from shared.events.ids import AreaId
from shared.events.registry import Event
from shared.events.values import TimeWindow

FOR_PEOPLE = {"patient_id", "patient_name", "address", "notes"}
WINDOWS = TypeAdapter(tuple[TimeWindow, ...])

type RoutingDeps = Deps[RoutingState]


async def on_visit_stated(event: VisitState, deps: RoutingDeps) -> None:
    """Keep the visit's newest state; a day it leaves or joins wants a plan."""
    row = await queries.lock_visit(deps.session, event.visit_id)
    if event.aggregate_version <= row.version:
        return
    if row.area_id != event.area_id:
        await _ask(deps, row.area_id, row.planned_date)
        row.area_id, row.planned_date = event.area_id, None
    row.carried_from = None
    row.version = event.aggregate_version
    row.address_version = event.address_version
    row.cause = deps.cause
    row.body = event.model_dump(mode="json", exclude=FOR_PEOPLE)
    await _schedule(row, await queries.place(deps.session, event.visit_id), deps)


async def on_visit_cancelled(event: VisitCancelled, deps: RoutingDeps) -> None:
    """Take the visit out of planning for good."""
    row = await queries.lock_visit(deps.session, event.visit_id)
    if event.aggregate_version <= row.version:
        return
    row.version = event.aggregate_version
    row.area_id = event.area_id
    row.cancelled = True
    await _ask(deps, row.area_id, row.planned_date)
    await _call_back(deps, row.area_id, row.planned_date)


async def on_place_resolved(event: PlaceResolved, deps: RoutingDeps) -> None:
    """Keep the place; its visit can be planned if it answers the visit's present address."""
    await _keep_place(event, deps, event.point.lat, event.point.lon, event.state)


async def on_place_unresolved(event: PlaceUnresolved, deps: RoutingDeps) -> None:
    """The address has no place (any more): the visit waits."""
    await _keep_place(event, deps, None, None, None)


async def on_shift_stated(event: ShiftState, deps: RoutingDeps) -> None:
    """Keep the shift's newest state."""
    await _keep_shift(event, event.model_dump(mode="json"), deps)


async def on_shift_closed(event: ShiftClosed, deps: RoutingDeps) -> None:
    """Plan without the shift from now on."""
    await _keep_shift(event, None, deps)


async def on_nurse_en_route(event: NurseEnRoute, deps: RoutingDeps) -> None:
    """The visit is frozen onto the nurse's route."""
    await _begun(event, deps)


async def on_nurse_arrived(event: NurseArrived, deps: RoutingDeps) -> None:
    """The visit has a true arrival."""
    row = await _begun(event, deps)
    row.arrived_at = row.arrived_at or event.at


async def on_visit_ended(event: VisitCompleted | VisitMissed, deps: RoutingDeps) -> None:
    """The visit has a true end, one way or the other."""
    row = await _begun(event, deps)
    row.ended_at = row.ended_at or event.at


async def on_day_disrupted(event: DayDisrupted, deps: RoutingDeps) -> None:
    """The plan no longer fits the day: answer with a new version."""
    await requests.want_plan(deps.session, event.area_id, event.date, deps.room.clock())


async def _keep_place(
    event: PlaceResolved | PlaceUnresolved, deps: RoutingDeps, lat: float | None, lon: float | None, state: str | None
) -> None:
    row = await queries.lock_visit(deps.session, event.visit_id)
    place = await queries.place(deps.session, event.visit_id)
    if place is None:
        place = PlaceRow(visit_id=event.visit_id, version=0, address_version=0, lat=None, lon=None, state=None)
        deps.session.add(place)
    if event.aggregate_version <= place.version:
        return
    place.version = event.aggregate_version
    place.address_version = event.address_version
    place.lat, place.lon, place.state = lat, lon, state
    if row.version and not row.cancelled:
        row.cause = deps.cause if deps.envelope.correlation_id else row.cause
        await _schedule(row, place, deps)


async def _schedule(row: VisitRow, place: PlaceRow | None, deps: RoutingDeps) -> None:
    """Put the visit into the plan of a day, or take it out while its address has no place; the days want plans."""
    before = row.planned_date
    row.planned_date = None
    if place is not None and place.lat is not None and place.address_version == row.address_version:
        windows = WINDOWS.validate_python(row.body["windows"])
        row.planned_date = planning_date(windows, _area(deps, row.area_id), deps.room.clock(), before)
    await _ask(deps, row.area_id, before, row.planned_date)


async def _ask(deps: RoutingDeps, area_id: str, *dates: dt.date | None) -> None:
    for date in sorted({date for date in dates if date is not None}):
        await requests.want_plan(deps.session, AreaId(area_id), date, deps.room.clock())


def _area(deps: RoutingDeps, area_id: str) -> Area:
    area = deps.room.areas().get(AreaId(area_id))
    if area is None:
        message = f"Area {area_id} is not built here; its visits wait until `rounds area build` has made it."
        raise TransientError(message)
    return area


async def _keep_shift(event: ShiftState | ShiftClosed, body: dict[str, Any] | None, deps: RoutingDeps) -> None:
    row = await deps.session.get(ShiftRow, event.shift_id)
    if row is None:
        row = ShiftRow(shift_id=event.shift_id, version=0, area_id=event.area_id, date=event.date, body=None)
        deps.session.add(row)
    if event.aggregate_version <= row.version:
        return
    if (row.area_id, row.date) != (event.area_id, event.date):
        await _ask(deps, row.area_id, row.date)
    row.version = event.aggregate_version
    row.area_id, row.date, row.body = event.area_id, event.date, body
    await _ask(deps, event.area_id, event.date)
    if body is not None:
        await _call_back(deps, event.area_id, event.date)


async def _call_back(deps: RoutingDeps, area_id: str, date: dt.date | None) -> None:
    """A day has more room than it had: what it could not take and a later day was to is tried there again."""
    area = deps.room.areas().get(AreaId(area_id))
    if area is None or date is None or date < area.local_date(deps.room.clock()):
        return
    for row in await queries.carried_from(deps.session, AreaId(area_id), date):
        later, row.planned_date, row.carried_from = row.planned_date, date, None
        await _ask(deps, area_id, later, date)


async def _begun(event: ActEvent, deps: RoutingDeps) -> BegunRow:
    row = await deps.session.get(BegunRow, event.visit_id)
    if row is None:
        row = BegunRow(
            visit_id=event.visit_id,
            area_id=event.area_id,
            date=event.date,
            shift_id=event.shift_id,
            en_route_at=event.at,
        )
        deps.session.add(row)
    return row


HANDLERS: Mapping[type[Event], Handler] = {
    VisitRequested: on_visit_stated,
    VisitChanged: on_visit_stated,
    VisitCancelled: on_visit_cancelled,
    PlaceResolved: on_place_resolved,
    PlaceUnresolved: on_place_unresolved,
    ShiftOpened: on_shift_stated,
    ShiftChanged: on_shift_stated,
    ShiftClosed: on_shift_closed,
    NurseEnRoute: on_nurse_en_route,
    NurseArrived: on_nurse_arrived,
    VisitCompleted: on_visit_ended,
    VisitMissed: on_visit_ended,
    DayDisrupted: on_day_disrupted,
}
