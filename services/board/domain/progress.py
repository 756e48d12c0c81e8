"""How far a visit has come, in the order in which it happens."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.events.dispatch import MissReason
from shared.events.ids import NurseId, ShiftId, VisitId


class Status(StrEnum):
    """Where a visit stands with its nurse."""

    PLANNED = "planned"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    DONE = "done"
    MISSED = "missed"
    WITHDRAWN = "withdrawn"

    @property
    def begun(self) -> bool:
        """Whether the nurse has set out for it, or been there."""
        return self in {Status.EN_ROUTE, Status.ARRIVED, Status.DONE, Status.MISSED}

    @property
    def held(self) -> bool:
        """Whether a nurse has it, or has done it."""
        return self not in {Status.WITHDRAWN, Status.MISSED}


class Progress(BaseModel):
    """Where one visit stands on one day.

    Attributes:
        at: when the last act happened; None before the first.
    """

    model_config = ConfigDict(frozen=True)

    visit_id: VisitId
    shift_id: ShiftId
    nurse_id: NurseId
    status: Status
    at: datetime | None = None
    reason: MissReason | None = None

    def replaced(self, assigned: "Progress") -> "Progress":
        """Return what holds when dispatch says the assignment again: a new time does not undo what a nurse did."""
        same = self.nurse_id == assigned.nurse_id and self.shift_id == assigned.shift_id
        return self if same and self.status.held else assigned
