"""Why a visit is in no route: a reason that is true of the plan at hand, with what it rests on and a sentence."""

from collections.abc import Mapping, Sequence

from services.routing.domain.eligibility import licensed
from services.routing.domain.insertion import cheapest_insertion
from services.routing.domain.plan import Facts, Reason, Route, Unassigned
from services.routing.domain.problem import UNREACHABLE, Shift, Visit
from services.routing.domain.schedule import Blocked, Scheduler
from shared.events.ids import ShiftId


def explain(scheduler: Scheduler, routes: Mapping[ShiftId, Route], visit: Visit) -> Unassigned:
    """Return why the visit is left out of these routes.

    Each reason narrows the shifts that could take the visit; the first that leaves none is the answer. At the end
    every place in every route that is left has been tried.
    """
    shifts = scheduler.problem.shifts
    skilled = [shift for shift in shifts if visit.skills <= shift.skills]
    if not skilled:
        return _no_skill(visit)
    licenced = [shift for shift in skilled if licensed(visit, shift)]
    if not licenced:
        return _no_licence(visit, len(skilled))
    wanted = [shift for shift in licenced if shift.nurse_id not in visit.excluded_nurses]
    if not wanted:
        sentence = "The patient has excluded every nurse who could do it."
        return Unassigned(visit.id, Reason.EXCLUDED, sentence, {"nurses": _nurses(licenced)})
    on_shift = [shift for shift in wanted if _hours_meet(scheduler, visit, shift)]
    if not on_shift:
        minutes = -(-visit.duration_s // 60)
        sentence = f"No nurse who may do it is on shift for {minutes} minutes inside one of its time windows."
        return Unassigned(visit.id, Reason.OUTSIDE_SHIFTS, sentence, {"nurses": _nurses(wanted), "minutes": minutes})
    return _no_place(scheduler, routes, visit, on_shift)


def _no_skill(visit: Visit) -> Unassigned:
    skills = tuple(sorted(visit.skills))
    sentence = f"No nurse on shift has all it needs: {', '.join(skills)}."
    if not skills:
        sentence = "There is no shift."
    return Unassigned(visit.id, Reason.NO_SKILL, sentence, {"skills": skills})


def _no_licence(visit: Visit, skilled: int) -> Unassigned:
    options = tuple(" or ".join(sorted(kinds)) for kinds in visit.licence_options)
    sentence = f"No nurse on shift with the skills is licensed in {visit.state} as {' and '.join(options)}."
    facts: Facts = {"licences": options, "state": visit.state, "shifts": skilled}
    return Unassigned(visit.id, Reason.NO_LICENCE, sentence, facts)


def _no_place(
    scheduler: Scheduler, routes: Mapping[ShiftId, Route], visit: Visit, shifts: Sequence[Shift]
) -> Unassigned:
    place = cheapest_insertion(scheduler, routes, visit, shifts)
    if place is not None:
        return _not_worth(scheduler, visit, place.extra)
    reaching = [shift for shift in shifts if _roads_lead(scheduler, visit, shift)]
    if not reaching:
        sentence = "No road on the map leads there from where a nurse who may do it starts, or none leads home again."
        return Unassigned(visit.id, Reason.UNREACHABLE, sentence, {"nurses": _nurses(shifts)})
    nurses = _nurses(reaching)
    who = "The nurse who may do it" if nurses == 1 else f"Each of the {nurses} nurses who may do it"
    if all(isinstance(scheduler.schedule(shift.id, (visit.id,)), Blocked) for shift in reaching):
        sentence = f"{who} has too little time for it between the drives and breaks, even with nothing else to do."
        return Unassigned(visit.id, Reason.NO_TIME, sentence, {"nurses": nurses})
    sentence = f"{who} has no room for it in the route as it is."
    return Unassigned(visit.id, Reason.NO_ROOM, sentence, {"nurses": nurses})


def _not_worth(scheduler: Scheduler, visit: Visit, extra: int) -> Unassigned:
    price = scheduler.problem.leave_out_price(visit)
    sentence = f"It fits, but would cost {_money(extra)} more, and leaving it out is priced at {_money(price)}."
    return Unassigned(visit.id, Reason.NOT_WORTH, sentence, {"extra_cents": extra, "leave_out_cents": price})


def _hours_meet(scheduler: Scheduler, visit: Visit, shift: Shift) -> bool:
    """Return whether the visit's time at the door fits between a window and what is left of the shift."""
    free = scheduler.standing(shift.id).free_at
    return any(max(free, window.opens) + visit.duration_s <= min(shift.end, window.closes) for window in visit.windows)


def _roads_lead(scheduler: Scheduler, visit: Visit, shift: Shift) -> bool:
    """Return whether roads lead to the visit from where the shift stands, and from it to where the shift ends."""
    seconds = scheduler.problem.travel.seconds_rows
    there = seconds[scheduler.standing(shift.id).site][visit.site]
    return UNREACHABLE not in {there, seconds[visit.site][shift.end_site]}


def _nurses(shifts: Sequence[Shift]) -> int:
    return len({shift.nurse_id for shift in shifts})


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
