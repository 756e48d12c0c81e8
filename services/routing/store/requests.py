"""The routing room's SQL about requests for a plan: who wants one, and which worker is at it under which token."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Date, bindparam, func, or_, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.routing.store.models import PlanRequestRow
from shared.db.base import UtcDateTime
from shared.db.lease import is_gone
from shared.events.ids import AreaId

_FIRST = text(
    "INSERT INTO plan_request"
    " (area_id, date, wanted, done, first_at, last_at, pace, token, cramped, inserted, thorough, failures)"
    " VALUES (:area_id, :date, 0, 0, :now, :now, 0, 0, false, 0, false, 0) ON CONFLICT DO NOTHING"
).bindparams(bindparam("date", type_=Date()), bindparam("now", type_=UtcDateTime()))


@dataclass(frozen=True, slots=True)
class Leased:
    """A day that a worker is at.

    Attributes:
        version: of the input it will answer.
        token: under which its result may be saved, as long as nobody has a newer one.
        improving: it holds nobody up: whoever has something new to plan takes the day from it.
        cramped: see ``PlanRequestRow``.
        inserted: see ``PlanRequestRow``.
        thorough: see ``PlanRequestRow``.
        pace: how many changes came within the second or so before the newest.
    """

    area_id: AreaId
    date: dt.date
    version: int
    token: int
    improving: bool
    cramped: bool
    inserted: int
    thorough: bool
    pace: float = 0.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """The days that want a plan, and since when the first of them does."""

    count: int
    oldest: dt.datetime | None


def pace_at(row: PlanRequestRow, now: dt.datetime) -> float:
    """Return how many changes came within the last second or so, as of now."""
    return row.pace * math.exp(-max(0.0, (now - row.last_at).total_seconds()))


async def want_plan(
    session: AsyncSession, area_id: AreaId, date: dt.date, now: dt.datetime, *, thorough: bool = False
) -> None:
    """Note that a day's input changed, or that somebody wants the whole of it searched again."""
    row = await session.get(PlanRequestRow, (area_id, date), with_for_update=True)
    if row is None:
        await (await session.connection()).execute(_FIRST, {"area_id": area_id, "date": date, "now": now})
        row = await session.get_one(PlanRequestRow, (area_id, date), with_for_update=True)
    if row.wanted == row.done:
        row.first_at = now
    row.wanted += 1
    row.thorough |= thorough
    row.pace = pace_at(row, now) + 1
    row.last_at = now
    row.failures = 0
    row.failure = None


async def request(session: AsyncSession, area_id: AreaId, date: dt.date) -> PlanRequestRow | None:
    """Return what is known of a day's planning."""
    return await session.get(PlanRequestRow, (area_id, date))


async def waiting(session: AsyncSession) -> Waiting:
    """Return how many days want a plan; for the gauges."""
    query = select(func.count(), func.min(PlanRequestRow.first_at)).where(
        col(PlanRequestRow.wanted) > col(PlanRequestRow.done)
    )
    count, oldest = (await session.exec(query)).one()
    return Waiting(count, oldest)


async def open_requests(session: AsyncSession, now: dt.datetime, asker: str) -> Sequence[PlanRequestRow]:
    """Return the days that want a plan and that no living worker but the asker holds, the longest waiting first.

    After them come the days that are due for a search.
    """
    query = (
        select(PlanRequestRow)
        .where(or_(col(PlanRequestRow.wanted) > col(PlanRequestRow.done), col(PlanRequestRow.improve_at) <= now))
        .order_by(
            col(PlanRequestRow.wanted) == col(PlanRequestRow.done),
            col(PlanRequestRow.first_at),
            col(PlanRequestRow.area_id),
            col(PlanRequestRow.date),
        )
    )
    return [row for row in (await session.exec(query)).all() if _free(row, now, asker)]


async def lease(
    session: AsyncSession, asked: PlanRequestRow, holder: str, now: dt.datetime, until: dt.datetime
) -> Leased | None:
    """Take a day from ``open_requests``; None: another worker was faster.

    A row that somebody is writing to at this moment is passed over, never waited for.
    """
    query = (
        select(PlanRequestRow)
        .where(PlanRequestRow.area_id == asked.area_id, PlanRequestRow.date == asked.date)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    row = (await session.exec(query)).first()
    if row is None or not _free(row, now, holder):
        return None
    improving = row.wanted == row.done
    if improving:
        if row.improve_at is None or row.improve_at > now:
            return None
        row.improve_at = until
    else:
        row.holder, row.until = holder, until
    row.token += 1
    return Leased(
        AreaId(row.area_id),
        row.date,
        row.wanted,
        row.token,
        improving,
        row.cramped,
        row.inserted,
        row.thorough,
        row.pace,
    )


async def renew(session: AsyncSession, leased: Leased, now: dt.datetime, until: dt.datetime) -> bool:
    """Hold a day for longer; False: it is not this worker's any more."""
    deadline = col(PlanRequestRow.improve_at if leased.improving else PlanRequestRow.until)
    statement = (
        update(PlanRequestRow)
        .where(
            col(PlanRequestRow.area_id) == leased.area_id,
            col(PlanRequestRow.date) == leased.date,
            col(PlanRequestRow.token) == leased.token,
            deadline > now,
        )
        .values({deadline: until})
        .returning(col(PlanRequestRow.token))
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(statement) is not None


async def held(session: AsyncSession, leased: Leased, now: dt.datetime) -> PlanRequestRow | None:
    """Return the request, locked, if its day is still this worker's: a lease that was lost means a result comes late.

    The holder's name would not do: the same worker may have lost the day and taken it again. And a worker that slept
    past the end of its lease is refused even if nobody has taken over yet.
    """
    row = await session.get(PlanRequestRow, (leased.area_id, leased.date), with_for_update=True, populate_existing=True)
    if row is None or row.token != leased.token:
        return None
    until = row.improve_at if leased.improving else row.until
    return row if until is not None and now < until else None


def _free(row: PlanRequestRow, now: dt.datetime, asker: str) -> bool:
    return row.holder is None or row.until is None or row.until <= now or row.holder == asker or is_gone(row.holder)
