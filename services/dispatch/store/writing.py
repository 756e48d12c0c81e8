"""Writing what was decided: each event changes the tables it is about and gets its number in the day."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.dispatch.domain.acts import ActCommand
from services.dispatch.domain.day import Progress
from services.dispatch.store.days import WITHDRAWN, lock_day
from services.dispatch.store.models import ActRow, AssignmentRow, CancelledRow, RouteRow
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    AssignmentWithdrawn,
    NurseArrived,
    NurseEnRoute,
    RouteDispatched,
    VisitAssigned,
    VisitCompleted,
    VisitMissed,
)
from shared.events.ids import VisitId
from shared.events.registry import Event
from shared.events.routing import AreaDayEvent, RoutePlanned

type _Rows = dict[tuple[UUID, UUID], AssignmentRow]

STEP: dict[type[ActEvent], tuple[Progress, str]] = {
    AssignmentAccepted: (Progress.ACCEPTED, "accepted_at"),
    NurseEnRoute: (Progress.EN_ROUTE, "en_route_at"),
    NurseArrived: (Progress.ARRIVED, "arrived_at"),
    VisitCompleted: (Progress.DONE, "done_at"),
    VisitMissed: (Progress.MISSED, "missed_at"),
}


async def write(session: AsyncSession, events: Iterable[Event]) -> list[Event]:
    """Store what these events of one or more days say; return them numbered, ready to be said in this order."""
    said = [event for event in events if isinstance(event, AreaDayEvent)]
    rows = await _rows(session, said)
    for event in said:
        if isinstance(event, AssignmentWithdrawn):
            rows[event.visit_id, event.shift_id].progress = WITHDRAWN
    await session.flush()  # the place of a visit is free before another shift takes it
    for event in said:
        match event:
            case VisitAssigned():
                _assign(session, rows, event)
            case RouteDispatched():
                await _give(session, event)
            case ActEvent():
                _take_step(rows[event.visit_id, event.shift_id], event)
    return await _numbered(session, said)


async def _rows(session: AsyncSession, events: Sequence[AreaDayEvent]) -> _Rows:
    visits = {event.visit_id for event in events if isinstance(event, VisitAssigned | AssignmentWithdrawn | ActEvent)}
    query = select(AssignmentRow).where(col(AssignmentRow.visit_id).in_(visits))
    return {(row.visit_id, row.shift_id): row for row in await session.exec(query)}


def _assign(session: AsyncSession, rows: _Rows, event: VisitAssigned) -> None:
    row = rows.get((event.visit_id, event.shift_id))
    if row is None:
        row = AssignmentRow(
            visit_id=event.visit_id,
            shift_id=event.shift_id,
            nurse_id=event.nurse_id,
            nurse_ref=event.nurse_ref,
            area_id=event.area_id,
            date=event.date,
            arrival=event.arrival,
            starts_at=event.start,
            ends_at=event.end,
            progress=Progress.ASSIGNED.value,
        )
        session.add(row)
        return
    row.arrival, row.starts_at, row.ends_at = event.arrival, event.start, event.end
    row.nurse_ref = event.nurse_ref
    if row.progress == WITHDRAWN:
        row.progress = Progress.ASSIGNED.value
        row.accepted_at = row.en_route_at = None


async def _give(session: AsyncSession, event: RouteDispatched) -> None:
    row = await session.get_one(RouteRow, event.route.shift_id)
    row.given_version, row.given = event.plan_version, event.route.model_dump_json()


def _take_step(row: AssignmentRow, event: ActEvent) -> None:
    progress, column = STEP[type(event)]
    row.progress = progress.value
    setattr(row, column, event.at)
    if isinstance(event, VisitMissed):
        row.miss_reason = event.reason.value


async def _numbered(session: AsyncSession, events: Sequence[AreaDayEvent]) -> list[Event]:
    days: dict[tuple[str, dt.date], list[int]] = defaultdict(list)
    for place, event in enumerate(events):
        days[event.area_id, event.date].append(place)
    numbered: list[Event] = list(events)
    for key, places in sorted(days.items()):
        day = await lock_day(session, *key)
        for place in places:
            day.version += 1
            numbered[place] = events[place].model_copy(update={"aggregate_version": day.version})
    return numbered


async def keep_planned(session: AsyncSession, event: RoutePlanned) -> None:
    """Keep a route until its plan is committed; an older one than is known changes nothing."""
    row = await session.get(RouteRow, event.route.shift_id)
    if row is None:
        row = RouteRow(
            shift_id=event.route.shift_id, area_id=event.area_id, date=event.date, planned_version=0, planned=""
        )
        session.add(row)
    if event.plan_version > row.planned_version:
        row.planned_version, row.planned = event.plan_version, event.route.model_dump_json()


async def note_cancelled(session: AsyncSession, visit_id: VisitId, now: dt.datetime) -> None:
    """Remember that a visit is off."""
    if await session.get(CancelledRow, visit_id) is None:
        session.add(CancelledRow(visit_id=visit_id, since=now))


def keep_act(session: AsyncSession, command: ActCommand, at: dt.datetime, now: dt.datetime, reply: str) -> None:
    """Keep an act with its answer."""
    session.add(
        ActRow(
            act_id=command.act_id,
            visit_id=command.visit_id,
            nurse_id=command.nurse_id,
            act=command.act.value,
            at=at,
            received_at=now,
            reply=reply,
        )
    )
