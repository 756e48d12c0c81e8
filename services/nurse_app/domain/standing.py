"""How far a visit has come, and which act takes it further."""

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


class Act(StrEnum):
    """What a nurse can say of a visit; dispatch knows the same words."""

    ACCEPT = "accept"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    DONE = "done"
    MISSED = "missed"


WAY = (Status.PLANNED, Status.ACCEPTED, Status.EN_ROUTE, Status.ARRIVED, Status.DONE)
NEXT = {
    Status.PLANNED: Act.ACCEPT,
    Status.ACCEPTED: Act.EN_ROUTE,
    Status.EN_ROUTE: Act.ARRIVED,
    Status.ARRIVED: Act.DONE,
}
RESULT = {
    Act.ACCEPT: Status.ACCEPTED,
    Act.EN_ROUTE: Status.EN_ROUTE,
    Act.ARRIVED: Status.ARRIVED,
    Act.DONE: Status.DONE,
    Act.MISSED: Status.MISSED,
}
OVER = frozenset({Status.DONE, Status.MISSED})
UNDER_WAY = frozenset({Status.EN_ROUTE, Status.ARRIVED})


class Standing(BaseModel):
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

    def replaced(self, assigned: "Standing") -> "Standing":
        """Return what holds when dispatch says the assignment again: a new time does not undo what she did."""
        same = (self.nurse_id, self.shift_id) == (assigned.nurse_id, assigned.shift_id)
        return self if same and self.status not in {Status.WITHDRAWN, Status.MISSED} else assigned

    def shows(self, act: Act) -> bool:
        """Whether the visit has this act behind it."""
        result = RESULT[act]
        if self.status in WAY and result in WAY:
            return WAY.index(self.status) >= WAY.index(result)
        return self.status is result
