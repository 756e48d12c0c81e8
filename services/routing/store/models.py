"""Tables of the routing room: what planning knows of visits, places, shifts and the day, and the plans it made."""

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index
from sqlmodel import Field, SQLModel

from shared.db.base import UtcDateTime, room_registry
from shared.db.cause import CauseColumn
from shared.db.inbox import Inbox
from shared.db.lease import Leases
from shared.db.outbox import Outbox
from shared.events.values import Cause


class Base(SQLModel, registry=room_registry()):
    """The room's own registry."""


class VisitRow(Base, table=True):
    """A visit as booking last said it.

    Attributes:
        body: ``VisitRequested`` or ``VisitChanged`` as JSON, without what only people read.
        planned_date: the day in whose plan the visit takes part; None while it has no place.
        carried_from: the day that had no room for it; it comes back when that day has more room.
        cause: what its newest change follows from; so does its assignment.
        planned_at: when a plan first had a nurse for it.

    Version 0 with no area is a forerunner: its place came first.
    """

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_day", "area_id", "planned_date"),
        Index("ix_visit_carried", "area_id", "carried_from"),
    )

    visit_id: UUID = Field(primary_key=True)
    version: int
    area_id: str
    address_version: int
    body: dict[str, Any] = Field(sa_type=JSON)
    planned_date: dt.date | None = None
    carried_from: dt.date | None = None
    cancelled: bool = False
    cause: Cause | None = Field(default=None, sa_type=CauseColumn)
    planned_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class PlaceRow(Base, table=True):
    """Where a visit's address lies, for one version of the address."""

    __tablename__ = "place"

    visit_id: UUID = Field(primary_key=True)
    version: int
    address_version: int
    lat: float | None
    lon: float | None
    state: str | None


class ShiftRow(Base, table=True):
    """A shift as dispatch last said it; ``body`` is None once it is closed."""

    __tablename__ = "shift"
    __table_args__ = (Index("ix_shift_day", "area_id", "date"),)

    shift_id: UUID = Field(primary_key=True)
    version: int
    area_id: str
    date: dt.date
    body: dict[str, Any] | None = Field(sa_type=JSON(none_as_null=True))


class BegunRow(Base, table=True):
    """A visit that a nurse is on her way to, at, or through with."""

    __tablename__ = "begun"
    __table_args__ = (Index("ix_begun_day", "area_id", "date"),)

    visit_id: UUID = Field(primary_key=True)
    area_id: str
    date: dt.date
    shift_id: UUID
    en_route_at: dt.datetime = Field(sa_type=UtcDateTime)
    arrived_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class PlanRequestRow(Base, table=True):
    """That a day wants planning. A burst of changes raises ``wanted`` and is answered by one solve.

    Attributes:
        wanted: grows with every change of the day's input.
        done: the input version that the plan in force answers.
        first_at: when the oldest unanswered change came.
        last_at: when the newest came.
        pace: how many came within the last second or so: each counts for less as it ages.
        holder: the worker that solves it now, with the lease it holds until ``until``.
        token: grows with every lease; a result is saved only under the newest, so it is never saved late.
        improve_at: when what was only inserted since the last search is due for one; None: nothing was. While a
            worker is at it, this is when that worker is taken for dead.
        cramped: something that was inserted found no place as the routes were: the search begins with that.
        inserted: visits that were inserted since the last search.
        thorough: somebody asked for the whole day to be searched again, not only for what changed.
        failures: solves that failed since the last that did not.
    """

    __tablename__ = "plan_request"
    __table_args__ = (
        CheckConstraint("(holder IS NULL) = (until IS NULL)", name="lease"),
        CheckConstraint("done <= wanted", name="versions"),
    )

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    wanted: int
    done: int = 0
    first_at: dt.datetime = Field(sa_type=UtcDateTime)
    last_at: dt.datetime = Field(sa_type=UtcDateTime)
    pace: float = 0
    holder: str | None = None
    until: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    token: int = 0
    improve_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    cramped: bool = False
    inserted: int = 0
    thorough: bool = False
    failures: int = 0
    failure: str | None = None


class PlanRow(Base, table=True):
    """The plan in force of an area's day.

    Attributes:
        said: how many events the day's key has carried: their ``aggregate_version``.
        body: ``PlanCommitted`` as JSON.
        answers: the version of each shift and visit that the plan answers, by id; what differs now has changed.
    """

    __tablename__ = "plan"
    __table_args__ = (CheckConstraint("plan_version > 0", name="version"),)

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    plan_version: int
    said: int
    body: dict[str, Any] = Field(sa_type=JSON)
    answers: dict[str, str] = Field(sa_type=JSON)


class RouteRow(Base, table=True):
    """A route of the plan in force; ``body`` is the ``Route`` as JSON, ``plan_version`` when it last changed."""

    __tablename__ = "route"

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    shift_id: UUID = Field(primary_key=True)
    plan_version: int
    body: dict[str, Any] = Field(sa_type=JSON)


inbox = Inbox(Base.metadata)
leases = Leases(Base.metadata)
outbox = Outbox(Base.metadata, "routing")
