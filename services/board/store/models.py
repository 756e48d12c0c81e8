"""Tables of the board's read model.

Each row keeps the newest event of its aggregate as JSON in ``body``; beside it stand only the columns that are
searched. ``version`` is the aggregate version the row was last changed by: older events are ignored.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from shared.db.base import UtcDateTime, room_registry
from shared.db.inbox import Inbox


class Base(SQLModel, registry=room_registry()):
    """Root of the board's tables."""


inbox = Inbox(Base.metadata)


class VisitRow(Base, table=True):
    """A visit; a cancelled one stays, so that a late word about it cannot bring it back."""

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("cancelled OR body IS NOT NULL", name="body_unless_cancelled"),
        Index("ix_visit_area_id_first_start", "area_id", "first_start"),
    )

    visit_id: UUID = Field(primary_key=True)
    area_id: str
    version: int
    cancelled: bool = False
    first_start: dt.datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    last_end: dt.datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    body: str | None = Field(default=None, sa_column=Column(Text))


class PlaceRow(Base, table=True):
    """What geocoding last said about a visit's address."""

    __tablename__ = "place"

    visit_id: UUID = Field(primary_key=True)
    version: int
    resolved: bool
    body: str = Field(sa_column=Column(Text, nullable=False))


class ShiftRow(Base, table=True):
    """A shift; a closed one stays, as a cancelled visit does."""

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("closed OR body IS NOT NULL", name="body_unless_closed"),
        Index("ix_shift_area_id_date", "area_id", "date"),
    )

    shift_id: UUID = Field(primary_key=True)
    area_id: str
    date: dt.date
    version: int
    closed: bool = False
    body: str | None = Field(default=None, sa_column=Column(Text))


class PlanRow(Base, table=True):
    """The newest committed plan of a day."""

    __tablename__ = "plan"

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    version: int
    body: str = Field(sa_column=Column(Text, nullable=False))


class RouteRow(Base, table=True):
    """The route a nurse was last handed for a shift."""

    __tablename__ = "route"
    __table_args__ = (Index("ix_route_area_id_date", "area_id", "date"),)

    shift_id: UUID = Field(primary_key=True)
    area_id: str
    date: dt.date
    version: int
    body: str = Field(sa_column=Column(Text, nullable=False))


class ProgressRow(Base, table=True):
    """Where a visit stands on a day; a visit moved to another day has a row on each."""

    __tablename__ = "progress"
    __table_args__ = (Index("ix_progress_visit_id", "visit_id"),)

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    visit_id: UUID = Field(primary_key=True)
    version: int
    status: str
    body: str = Field(sa_column=Column(Text, nullable=False))


class RevisionRow(Base, table=True):
    """How often the read model of an area has changed: the id of the last message a stream sent."""

    __tablename__ = "revision"

    area_id: str = Field(primary_key=True)
    number: int
