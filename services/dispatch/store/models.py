"""Tables of the dispatch room.

``version`` is an aggregate version: it counts the events said about the row's key, or the changes of a nurse.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from services.dispatch.domain.day import FROZEN, UNDER_WAY, Progress
from shared.db.base import UtcDateTime, room_registry
from shared.db.cause import CauseColumn
from shared.db.inbox import Inbox
from shared.db.lease import Leases
from shared.db.outbox import Outbox
from shared.events.values import Cause


class Base(SQLModel, registry=room_registry()):
    """Root of the room's tables."""


inbox = Inbox(Base.metadata)
leases = Leases(Base.metadata)
outbox = Outbox(Base.metadata, "dispatch")


def _one_of(values: Iterable[Progress]) -> str:
    return f"progress IN ({', '.join(sorted(f"'{value}'" for value in values))})"


STANDING = text("progress <> 'withdrawn'")
ON_THE_ROAD = text(_one_of(UNDER_WAY))


class NurseRow(Base, table=True):
    """A nurse; her name stays in this table."""

    __tablename__ = "nurse"

    nurse_id: UUID = Field(primary_key=True)
    nurse_ref: str = Field(unique=True)
    name: str
    skills: list[str] = Field(sa_type=JSON)
    licences: list[str] = Field(sa_type=JSON)
    version: int = 1


class ShiftRow(Base, table=True):
    """A nurse's working time; a closed one stays as evidence.

    ``breaks`` are as in the events, with times in ISO 8601.
    """

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        Index("ix_shift_area_id_date", "area_id", "date"),
        Index("ix_shift_nurse_id_starts_at", "nurse_id", "starts_at"),
    )

    shift_id: UUID = Field(primary_key=True)
    nurse_id: UUID = Field(foreign_key="nurse.nurse_id")
    area_id: str
    date: dt.date
    starts_at: dt.datetime = Field(sa_type=UtcDateTime)
    ends_at: dt.datetime = Field(sa_type=UtcDateTime)
    start_lat: float
    start_lon: float
    end_lat: float
    end_lon: float
    breaks: list[dict[str, Any]] = Field(sa_type=JSON)
    closed: bool = False
    version: int = 1


class DayRow(Base, table=True):
    """One area's date: which plan is in force, and how many events were said about it.

    Every transaction that changes the day locks this row first. ``disputed`` are visit ids.
    """

    __tablename__ = "day"

    area_id: str = Field(primary_key=True)
    date: dt.date = Field(primary_key=True)
    version: int = 0
    plan_version: int = 0
    disputed: list[str] = Field(default_factory=list, sa_type=JSON)


class RouteRow(Base, table=True):
    """A shift's route: as the newest plan has it, committed or not, and as it was handed out."""

    __tablename__ = "route"
    __table_args__ = (Index("ix_route_area_id_date", "area_id", "date"),)

    shift_id: UUID = Field(primary_key=True)
    area_id: str
    date: dt.date
    planned_version: int
    planned: str = Field(sa_type=Text)
    given_version: int | None = None
    given: str | None = Field(default=None, sa_type=Text)


class AssignmentRow(Base, table=True):
    """A visit on a shift: standing, or withdrawn and kept so that a late act is told so.

    The two unique indexes hold what must never be otherwise: one standing assignment a visit, and one visit a
    nurse is on the road to or at in a shift.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        Index("uq_assignment_standing", "visit_id", unique=True, sqlite_where=STANDING, postgresql_where=STANDING),
        Index(
            "uq_assignment_under_way", "shift_id", unique=True, sqlite_where=ON_THE_ROAD, postgresql_where=ON_THE_ROAD
        ),
        Index("ix_assignment_area_id_date", "area_id", "date"),
        CheckConstraint(_one_of(Progress), name="progress_known"),
        CheckConstraint(f"NOT {_one_of(FROZEN)} OR en_route_at IS NOT NULL", name="frozen_was_en_route"),
        CheckConstraint("(progress = 'missed') = (miss_reason IS NOT NULL)", name="missed_has_reason"),
        CheckConstraint("ends_at >= starts_at", name="ends_after_it_starts"),
    )

    visit_id: UUID = Field(primary_key=True)
    shift_id: UUID = Field(primary_key=True, foreign_key="shift.shift_id")
    nurse_id: UUID
    nurse_ref: str
    area_id: str
    date: dt.date
    arrival: dt.datetime = Field(sa_type=UtcDateTime)
    starts_at: dt.datetime = Field(sa_type=UtcDateTime)
    ends_at: dt.datetime = Field(sa_type=UtcDateTime)
    progress: str
    accepted_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    en_route_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    arrived_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    missed_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)
    miss_reason: str | None = None


class VisitRow(Base, table=True):
    """What a planned visit follows from; so does all that is said of it here.

    ``assigned_at`` is when it first had a nurse.
    """

    __tablename__ = "visit"

    visit_id: UUID = Field(primary_key=True)
    cause: Cause = Field(sa_type=CauseColumn)
    assigned_at: dt.datetime | None = Field(default=None, sa_type=UtcDateTime)


class ActRow(Base, table=True):
    """An act as the phone sent it, with what was answered: the same id again gets the same answer.

    ``at`` is the nurse's time, ``received_at`` the server's.
    """

    __tablename__ = "act"

    act_id: UUID = Field(primary_key=True)
    visit_id: UUID
    nurse_id: UUID
    act: str
    at: dt.datetime = Field(sa_type=UtcDateTime)
    received_at: dt.datetime = Field(sa_type=UtcDateTime)
    reply: str = Field(sa_type=Text)


class CancelledRow(Base, table=True):
    """A visit that is off: it is never handed out any more."""

    __tablename__ = "cancelled_visit"

    visit_id: UUID = Field(primary_key=True)
    since: dt.datetime = Field(sa_type=UtcDateTime)
