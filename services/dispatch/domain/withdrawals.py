"""What is taken back outside a plan: a visit was cancelled, or a shift is not worked after all."""

from services.dispatch.domain.day import OPEN, UNNUMBERED, Assignment, Day, Progress
from services.dispatch.domain.plans import handed_out, only_begun, withdrawal
from shared.events.dispatch import DayDisrupted, Disruption, WithdrawalReason
from shared.events.ids import ShiftId
from shared.events.registry import Event

AT_THE_DOOR_OR_OVER = frozenset({Progress.ARRIVED, Progress.DONE, Progress.MISSED})


def cancel_visit(standing: Assignment) -> tuple[Event, ...]:
    """Take a cancelled visit back, from a nurse on the road to it too; one who is at the door ends it by an act."""
    if standing.progress in AT_THE_DOOR_OR_OVER:
        return ()
    return (withdrawal(standing, WithdrawalReason.CANCELLED),)


def close_shift(day: Day, shift_id: ShiftId) -> tuple[Event, ...]:
    """Take back what has not begun on a shift; if there is any, the day needs a new plan."""
    lost = [assignment for assignment in day.on_shift.get(shift_id, ()) if assignment.progress in OPEN]
    if not lost:
        return ()
    return (
        *(withdrawal(assignment, WithdrawalReason.UNASSIGNED) for assignment in lost),
        handed_out(day, day.plan_version, only_begun(day, day.routes[shift_id])),
        DayDisrupted(
            aggregate_version=UNNUMBERED,
            area_id=day.area_id,
            date=day.date,
            disruption=Disruption.SHIFT_CLOSED,
            plan_version=day.plan_version,
            shift_ids=(shift_id,),
            visit_ids=tuple(sorted(assignment.visit_id for assignment in lost)),
        ),
    )
