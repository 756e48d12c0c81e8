"""Whether a nurse may do a visit at all, whatever the hour and the road."""

from services.routing.domain.plan import Reason
from services.routing.domain.problem import Shift, Visit


def licensed(visit: Visit, shift: Shift) -> bool:
    """Return whether the nurse holds one licence of each entry the visit asks for, in the visit's state."""
    return all(any(f"{kind}:{visit.state}" in shift.licences for kind in options) for options in visit.licence_options)


def bar(visit: Visit, shift: Shift) -> Reason | None:
    """Return why the nurse may not do the visit; None: she may."""
    if not visit.skills <= shift.skills:
        return Reason.NO_SKILL
    if not licensed(visit, shift):
        return Reason.NO_LICENCE
    if shift.nurse_id in visit.excluded_nurses:
        return Reason.EXCLUDED
    return None
