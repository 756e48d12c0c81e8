"""The only SQL of the board."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ColumnElement, event, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, and_, col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.board.domain.facts import DayFacts
from services.board.domain.lateness import Due
from services.board.domain.progress import Progress, Status
from services.board.store.models import PlaceRow, PlanRow, ProgressRow, RevisionRow, RouteRow, ShiftRow, VisitRow
from shared.areas import Area
from shared.db.newest import keep_newest
from shared.events.booking import VisitRequested
from shared.events.dispatch import RouteDispatched, ShiftOpened
from shared.events.geocoding import PlaceResolved, PlaceUnresolved
from shared.events.ids import AreaId, VisitId
from shared.events.routing import PlanCommitted

_BUMP = text(
    "INSERT INTO revision (area_id, number) VALUES (:area_id, 1)"
    " ON CONFLICT (area_id) DO UPDATE SET number = revision.number + 1"
)

_CHANGED = "changed areas"


async def keep(session: AsyncSession, area_id: AreaId, row: SQLModel) -> None:
    """Write a row unless a newer one stands there, and note that the area has changed."""
    if not await keep_newest(session, row):
        return
    if _CHANGED not in session.info:
        session.info[_CHANGED] = set()
        event.listen(session.sync_session, "before_commit", _bump, once=True)
    session.info[_CHANGED].add(area_id)


def _bump(session: Session) -> None:
    """Count the changes of a transaction as one an area, last of all and in an order that every process keeps to.

    Done with each event, two processes with bursts of several areas would wait for each other's for ever.
    """
    for area_id in sorted(session.info.pop(_CHANGED)):
        session.connection().execute(_BUMP, {"area_id": area_id})


async def progress_of(session: AsyncSession, area_id: AreaId, date: dt.date, visit_id: VisitId) -> Progress | None:
    """Return where a visit stands on a day, if anything was said of it."""
    row = await session.get(ProgressRow, (area_id, date, visit_id))
    return Progress.model_validate_json(row.body) if row else None


async def revisions(session: AsyncSession) -> dict[AreaId, int]:
    """Return how often each area's read model has changed."""
    rows = await session.exec(select(RevisionRow.area_id, RevisionRow.number))
    return {AreaId(area_id): number for area_id, number in rows}


async def next_busy_date(session: AsyncSession, area_id: AreaId, today: dt.date) -> dt.date:
    """Return the first date from today on for which a nurse has a shift, or today."""
    query = select(func.min(ShiftRow.date)).where(
        ShiftRow.area_id == area_id, col(ShiftRow.closed).is_(False), ShiftRow.date >= today
    )
    return (await session.exec(query)).one() or today


async def visit(session: AsyncSession, area_id: AreaId, visit_id: VisitId) -> VisitRequested | None:
    """Return a visit that is not cancelled."""
    row = await session.get(VisitRow, visit_id)
    if row is None or row.cancelled or row.body is None or row.area_id != area_id:
        return None
    return VisitRequested.model_validate_json(row.body)


async def visits(session: AsyncSession, visit_ids: Iterable[VisitId]) -> dict[VisitId, VisitRequested]:
    """Return those of the visits that are known and not cancelled."""
    query = select(col(VisitRow.body)).where(col(VisitRow.visit_id).in_(list(visit_ids)), _ALIVE)
    return {said.visit_id: said for said in _read(VisitRequested, await session.exec(query))}


async def place(session: AsyncSession, visit_id: VisitId) -> PlaceResolved | PlaceUnresolved | None:
    """Return what geocoding last said about a visit's address."""
    row = await session.get(PlaceRow, visit_id)
    return _place(resolved=row.resolved, body=row.body) if row else None


async def load_day(session: AsyncSession, area: Area, date: dt.date) -> DayFacts:
    """Read all that was said of one area's day, in the caller's snapshot."""
    of_the_day = _of_the_day(area, date)
    visit_bodies = await session.exec(select(col(VisitRow.body)).where(of_the_day))
    place_bodies = await session.exec(
        select(PlaceRow.resolved, PlaceRow.body)
        .join(VisitRow, col(VisitRow.visit_id) == col(PlaceRow.visit_id))
        .where(of_the_day)
    )
    shift_bodies = await session.exec(
        select(col(ShiftRow.body)).where(
            ShiftRow.area_id == area.id, ShiftRow.date == date, col(ShiftRow.closed).is_(False)
        )
    )
    route_bodies = await session.exec(select(RouteRow.body).where(RouteRow.area_id == area.id, RouteRow.date == date))
    progress_bodies = await session.exec(
        select(ProgressRow.body).where(ProgressRow.area_id == area.id, ProgressRow.date == date)
    )
    plan = await session.get(PlanRow, (area.id, date))
    revision = await session.get(RevisionRow, area.id)
    places = [_place(resolved=resolved, body=body) for resolved, body in place_bodies]
    return DayFacts(
        area=area,
        date=date,
        revision=revision.number if revision else 0,
        visits={said.visit_id: said for said in _read(VisitRequested, visit_bodies)},
        places={said.visit_id: said for said in places},
        shifts=tuple(_read(ShiftOpened, shift_bodies)),
        routes={said.route.shift_id: said for said in _read(RouteDispatched, route_bodies)},
        progress={progress.visit_id: progress for progress in _read(Progress, progress_bodies)},
        plan=PlanCommitted.model_validate_json(plan.body) if plan else None,
    )


async def due_visits(session: AsyncSession, area_id: AreaId, date: dt.date) -> tuple[Due, ...]:
    """Return how far each visit of a day has come, and when the nurse was to be there."""
    routes = await session.exec(select(RouteRow.body).where(RouteRow.area_id == area_id, RouteRow.date == date))
    arrivals = {stop.visit_id: stop.arrival for said in _read(RouteDispatched, routes) for stop in said.route.stops}
    standing = await session.exec(
        select(ProgressRow.visit_id, ProgressRow.status).where(ProgressRow.area_id == area_id, ProgressRow.date == date)
    )
    return tuple(Due(Status(status), arrivals.get(VisitId(visit_id))) for visit_id, status in standing)


async def left_out(session: AsyncSession, area_id: AreaId, date: dt.date) -> int:
    """Return how many visits the newest plan of a day leaves out."""
    plan = await session.get(PlanRow, (area_id, date))
    return len(PlanCommitted.model_validate_json(plan.body).unassigned) if plan else 0


def _of_the_day(area: Area, date: dt.date) -> ColumnElement[bool]:
    """Pick the visits that may concern a day; those that another day's nurse holds do not."""
    first, end = area.day_bounds(date)
    of_area = select(col(ProgressRow.visit_id)).where(ProgressRow.area_id == area.id)
    here = of_area.where(ProgressRow.date == date, ProgressRow.status != Status.WITHDRAWN)
    elsewhere = of_area.where(
        ProgressRow.date != date, col(ProgressRow.status).not_in([Status.WITHDRAWN, Status.MISSED])
    )
    touches = and_(col(VisitRow.first_start) < end, col(VisitRow.last_end) > first)
    return and_(
        col(VisitRow.area_id) == area.id,
        _ALIVE,
        or_(touches, col(VisitRow.visit_id).in_(here)),
        col(VisitRow.visit_id).not_in(elsewhere),
    )


_ALIVE = col(VisitRow.cancelled).is_(False)


def _read[E: (VisitRequested, ShiftOpened, RouteDispatched, Progress)](
    kind: type[E], bodies: Iterable[str | None]
) -> list[E]:
    return [kind.model_validate_json(body) for body in bodies if body is not None]


def _place(*, resolved: bool, body: str) -> PlaceResolved | PlaceUnresolved:
    return (PlaceResolved if resolved else PlaceUnresolved).model_validate_json(body)
