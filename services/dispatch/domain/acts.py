"""What a nurse says she does at a visit, and in which order she may say it.

The order is en route, arrived, done. ``accept`` may come first or be left out; ``missed`` may end a visit that is not
done. An act that the visit has behind it changes nothing and is answered with the present state: a phone may repeat
itself. An act that skips one is refused, for the record needs when she set off, came and went.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from services.dispatch.domain.day import OPEN, UNDER_WAY, UNNUMBERED, Assignment, Progress
from shared.errors import FieldProblem, Problem, invalid
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    MissReason,
    NurseArrived,
    NurseEnRoute,
    VisitCompleted,
    VisitMissed,
)
from shared.events.ids import EventId, NurseId, VisitId

AHEAD = dt.timedelta(minutes=5)
"""How far a phone's clock may run ahead."""
BEFORE_SHIFT = dt.timedelta(hours=48)
"""A route is read, accepted and tried out from the morning of the day before; nothing happens earlier."""


class Act(StrEnum):
    """What a nurse can say."""

    ACCEPT = "accept"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    DONE = "done"
    MISSED = "missed"


RESULT = {
    Act.ACCEPT: Progress.ACCEPTED,
    Act.EN_ROUTE: Progress.EN_ROUTE,
    Act.ARRIVED: Progress.ARRIVED,
    Act.DONE: Progress.DONE,
    Act.MISSED: Progress.MISSED,
}
ALLOWED_FROM = {
    Act.ACCEPT: frozenset({Progress.ASSIGNED}),
    Act.EN_ROUTE: OPEN,
    Act.ARRIVED: frozenset({Progress.EN_ROUTE}),
    Act.DONE: frozenset({Progress.ARRIVED}),
    Act.MISSED: OPEN | UNDER_WAY,
}
WAY = (Progress.ASSIGNED, Progress.ACCEPTED, Progress.EN_ROUTE, Progress.ARRIVED, Progress.DONE)
EVENT: dict[Act, type[ActEvent]] = {
    Act.ACCEPT: AssignmentAccepted,
    Act.EN_ROUTE: NurseEnRoute,
    Act.ARRIVED: NurseArrived,
    Act.DONE: VisitCompleted,
    Act.MISSED: VisitMissed,
}
NEXT_STEP = {
    Progress.ASSIGNED: "Say that you are en route first.",
    Progress.ACCEPTED: "Say that you are en route first.",
    Progress.EN_ROUTE: "Say that you have arrived first.",
}


@dataclass(frozen=True, slots=True)
class ActCommand:
    """A nurse's word.

    Attributes:
        act_id: made by the phone; the same id is the same act.
        at: when she did it, by the phone's clock; None: now.
        reason: of a visit that could not be done.
    """

    act_id: EventId
    visit_id: VisitId
    nurse_id: NurseId
    act: Act
    at: dt.datetime | None = None
    reason: MissReason | None = None


def require_hers(standing: Assignment | None, nurse_id: NurseId) -> Assignment:
    """Return the standing assignment if it is this nurse's.

    Raises:
        Problem: 409, the visit was withdrawn from her.
    """
    if standing is None or standing.nurse_id != nurse_id:
        detail = "This visit is no longer yours: it was cancelled or went to someone else. Look at your route again."
        raise Problem(409, "not-yours", "This visit is no longer yours", detail)
    return standing


def take_act(
    command: ActCommand,
    standing: Assignment,
    under_way: Assignment | None,
    shift_start: dt.datetime,
    zone: dt.tzinfo,
    now: dt.datetime,
) -> ActEvent | None:
    """Return what happened, or None when the visit has this act behind it.

    Args:
        command: the nurse's word.
        standing: her visit.
        under_way: the visit she is on the road to or at, if any.
        shift_start: of the visit's shift.
        zone: the area's, for times in sentences.
        now: when the word came in.

    Raises:
        Problem: 409, out of order, over, or another visit is under way; 422, an ``at`` or a reason that cannot be.
    """
    if _is_behind(command.act, standing.progress):
        return None
    _require_order(command.act, standing.progress)
    if command.act is Act.EN_ROUTE and under_way is not None:
        _refuse_second(under_way, zone)
    if (command.act is Act.MISSED) != (command.reason is not None):
        raise invalid("reason", "A reason goes with missed, and with nothing else.", "Give one for missed only.")
    at = _time(command, standing, shift_start, now)
    body = {"reason": command.reason} if command.reason else {}
    return EVENT[command.act](
        aggregate_version=UNNUMBERED,
        area_id=standing.area_id,
        date=standing.date,
        act_id=command.act_id,
        visit_id=standing.visit_id,
        shift_id=standing.shift_id,
        nurse_id=standing.nurse_id,
        at=at,
        **body,
    )


def _is_behind(act: Act, progress: Progress) -> bool:
    result = RESULT[act]
    return progress is result or (progress in WAY and result in WAY and WAY.index(result) < WAY.index(progress))


def _require_order(act: Act, progress: Progress) -> None:
    if progress in ALLOWED_FROM[act]:
        return
    if progress in (Progress.DONE, Progress.MISSED):
        word = "done" if progress is Progress.DONE else "recorded as missed"
        raise Problem(409, "visit-over", "This visit is over", f"This visit is already {word}; that cannot be changed.")
    said = act.value.replace("_", " ")
    detail = f"This visit is {progress.value.replace('_', ' ')}; {said} comes later. {NEXT_STEP[progress]}"
    raise Problem(409, "out-of-order", "Another step comes first", detail)


def _refuse_second(under_way: Assignment, zone: dt.tzinfo) -> None:
    where = "at" if under_way.progress is Progress.ARRIVED else "on the way to"
    planned = under_way.start.astimezone(zone)
    detail = f"You are {where} another visit, planned for {planned:%H:%M}. End that one first: done, or could not do."
    other = FieldProblem("visit_id", f"{under_way.visit_id} is under way.", "End that visit first.")
    raise Problem(409, "another-under-way", "Another visit is under way", detail, fields=[other])


def _time(command: ActCommand, standing: Assignment, shift_start: dt.datetime, now: dt.datetime) -> dt.datetime:
    last = standing.last_at
    if command.at is None:
        return max(now, last) if last else now  # the phone's clock may have been ahead at the act before
    if command.at > now + AHEAD:
        raise invalid("at", "The time lies in the future.", "Check the phone's clock, or leave the time out.")
    if command.at < shift_start - BEFORE_SHIFT:
        raise invalid("at", "The time lies long before the shift.", "Check the phone's clock, or leave the time out.")
    if last and command.at < last:
        raise invalid(
            "at",
            "The time lies before the act before it.",
            "Check the phone's clock, or leave the time out.",
        )
    return command.at
