"""The only SQL of the nurses' pages."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import Uuid, bindparam, event, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.nurse_app.domain.round import Round, make_round
from services.nurse_app.domain.standing import Standing
from services.nurse_app.store.models import RevisionRow, RouteRow, StandingRow, VisitRow
from shared.db.newest import keep_newest
from shared.events.booking import VisitRequested
from shared.events.dispatch import RouteDispatched
from shared.events.ids import AreaId, NurseId, VisitId
from shared.security.tokens import NurseDay

_BUMP = text(
    "INSERT INTO revision (nurse_id, number) VALUES (:nurse_id, 1)"
    " ON CONFLICT (nurse_id) DO UPDATE SET number = revision.number + 1"
).bindparams(bindparam("nurse_id", type_=Uuid()))

_CHANGED = "changed nurses"


async def keep(session: AsyncSession, row: SQLModel, nurses: Iterable[NurseId]) -> None:
    """Write a row unless a newer one stands there, and note whose pages it changes."""
    if not await keep_newest(session, row):
        return
    if _CHANGED not in session.info:
        session.info[_CHANGED] = set()
        event.listen(session.sync_session, "before_commit", _bump, once=True)
    session.info[_CHANGED].update(nurses)


def _bump(session: Session) -> None:
    """Count the changes of a transaction as one a nurse, last of all and in an order that every process keeps to.

    Done with each event, two processes with bursts of several nurses would wait for each other's for ever.
    """
    for nurse_id in sorted(session.info.pop(_CHANGED)):
        session.connection().execute(_BUMP, {"nurse_id": nurse_id})


async def nurses_of(session: AsyncSession, visit_id: VisitId) -> list[NurseId]:
    """Return the nurses who have or had a visit."""
    found = await session.exec(select(StandingRow.nurse_id).where(StandingRow.visit_id == visit_id))
    return [NurseId(nurse_id) for nurse_id in found]


async def standing_of(session: AsyncSession, area_id: AreaId, date: dt.date, visit_id: VisitId) -> Standing | None:
    """Return where a visit stands on a day, if anything was said of it."""
    row = await session.get(StandingRow, (area_id, date, visit_id))
    return Standing.model_validate_json(row.body) if row else None


async def revisions(session: AsyncSession) -> dict[NurseId, int]:
    """Return how often something of each nurse's has changed."""
    rows = await session.exec(select(RevisionRow.nurse_id, RevisionRow.number))
    return {NurseId(nurse_id): number for nurse_id, number in rows}


async def load_round(session: AsyncSession, day: NurseDay) -> Round:
    """Read a nurse's round of one day."""
    route_bodies = await session.exec(
        select(RouteRow.body).where(
            RouteRow.nurse_id == day.nurse_id, RouteRow.area_id == day.area_id, RouteRow.date == day.date
        )
    )
    routes = [RouteDispatched.model_validate_json(body) for body in route_bodies]
    visit_ids = [stop.visit_id for said in routes for stop in said.route.stops if stop.visit_id]
    rows = (await session.exec(select(VisitRow).where(col(VisitRow.visit_id).in_(visit_ids)))).all()
    standing_bodies = await session.exec(
        select(StandingRow.body).where(
            StandingRow.area_id == day.area_id, StandingRow.date == day.date, col(StandingRow.visit_id).in_(visit_ids)
        )
    )
    standings = [Standing.model_validate_json(body) for body in standing_bodies]
    return make_round(
        day.nurse_id,
        routes,
        {VisitId(row.visit_id): VisitRequested.model_validate_json(row.body) for row in rows if row.body},
        {standing.visit_id: standing for standing in standings},
        frozenset(VisitId(row.visit_id) for row in rows if row.cancelled),
    )
