"""Tables of the nurses' read model.

Each row keeps the newest event of its aggregate as JSON in ``body``; beside it stand only the columns that are
searched. ``version`` is the aggregate version the row was last changed by: older events are ignored.
"""

import datetime as dt
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from shared.db.base import room_registry
from shared.db.inbox import Inbox


class Base(SQLModel, registry=room_registry()):
    """Root of the nurses' tables."""


inbox = Inbox(Base.metadata)


class VisitRow(Base, table=True):
    """A visit; a cancelled one stays, so that a late word about it cannot bring it back."""

    __tablename__ = "visit"
    __table_args__ = (CheckConstraint("cancelled OR body IS NOT NULL", name="body_unless_cancelled"),)

    visit_id: UUID = Field(primary_key=True)
    version: int
    cancelled: bool = False
    body: str | None = Field(default=None, sa_column=Column(Text))


class RouteRow(Base, table=True):
    """The route a nurse was last handed for a shift."""

    __tablename__ = "route"
    __table_args__ = (Index("ix_route_nurse_id_date", "nurse_id", "date"),)

    shift_id: UUID = Field(primary_key=True)
    nurse_id: UUID
    area_id: str
    date: dt.date
    version: int
    body: str = Field(sa_column=Column(Text, nullable=False))


class StandingRow(Base, table=True):
    """Where a visit stands on a day; a visit moved to another day has a row on each."""

    __tablename__ = "standing"
    __table_args__ = (Index("ix_standing_visit_id", "visit_id"),)

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    visit_id: UUID = Field(primary_key=True)
    nurse_id: UUID
    version: int
    body: str = Field(sa_column=Column(Text, nullable=False))


class RevisionRow(Base, table=True):
    """How often something of a nurse's has changed: the id of the last message her stream sent."""

    __tablename__ = "revision"

    nurse_id: UUID = Field(primary_key=True)
    number: int
