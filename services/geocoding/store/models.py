"""Tables of the geocoding room: one place a visit, from the question to the answer."""

import datetime as dt
from enum import StrEnum
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


class PlaceStatus(StrEnum):
    """Where a visit's address stands."""

    PENDING = "pending"
    RESOLVED = "resolved"
    REVIEW = "review"
    CANCELLED = "cancelled"


class PlaceRow(Base, table=True):
    """The place of a visit's present address.

    Attributes:
        visit_version: the visit's newest version seen.
        version: how many events this visit's key has carried on the room's topic.
        address: sealed with the patient's key, as JSON.
        queued_at: when the present address came; the queue's order.
        cause: what the present address follows from.
        candidates: ``PlaceCandidate`` as JSON, labels sealed; for a person to choose from.
    """

    __tablename__ = "place"
    __table_args__ = (
        CheckConstraint("(status = 'resolved') = (lat IS NOT NULL AND lon IS NOT NULL)", name="resolved"),
        CheckConstraint("(status = 'review') = (reason IS NOT NULL)", name="review"),
        Index("ix_place_queue", "status", "queued_at"),
    )

    visit_id: UUID = Field(primary_key=True)
    visit_version: int
    version: int = 0
    area_id: str
    address_version: int
    address: dict[str, Any] | None = Field(sa_type=JSON)
    status: str
    queued_at: dt.datetime = Field(sa_type=UtcDateTime)
    cause: Cause | None = Field(default=None, sa_type=CauseColumn)
    reason: str | None = None
    lat: float | None = None
    lon: float | None = None
    match: str | None = None
    confidence: float | None = None
    state: str | None = None
    provider: str | None = None
    candidates: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)


inbox = Inbox(Base.metadata)
leases = Leases(Base.metadata)
outbox = Outbox(Base.metadata, "geocoding")
