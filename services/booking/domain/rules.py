"""Rules about the patient, the services and the nurses; each yields the problems it finds, with field and remedy.

A problem names the field and never repeats what stands in it: a refusal over the bus carries nothing of a patient's.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.booking.domain.catalogue import Catalogue, VisitNeeds, did_you_mean
from shared.areas import Area
from shared.errors import FieldProblem
from shared.events.values import TimeWindow

OLDEST = 120


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a visit puts into the blood or looks for in it, and when.

    Attributes:
        gives: substances injected.
        assays: substances whose level is measured.
        times: when the visit may take place; of one that was done, when that was.
    """

    gives: frozenset[str]
    assays: frozenset[str]
    times: tuple[TimeWindow, ...]


def service_problems(codes: Sequence[str], catalogue: Catalogue) -> Iterator[FieldProblem]:
    """At least one service, each known and named once."""
    if not codes:
        yield FieldProblem("services", "No service is named.", "Name at least one; GET /v1/services lists them.")
    for index, code in enumerate(codes):
        if code not in catalogue.by_code:
            known = list(catalogue.by_code)
            remedy = f"{did_you_mean(code, known)}The catalogue has {', '.join(known)}."
            yield FieldProblem(f"services.{index}", "This service is not in the catalogue.", remedy)
        elif code in codes[:index]:
            yield FieldProblem(f"services.{index}", f"{code} is named twice.", "Name each service once.")


def age_problems(birth_date: dt.date, needs: VisitNeeds, first_day: dt.date, today: dt.date) -> Iterator[FieldProblem]:
    """The patient is born, alive by all odds, and old enough on the first day wished."""
    field = "patient.birth_date"
    if birth_date > today:
        yield FieldProblem(field, "The birth date lies in the future.", "Correct the year.")
    elif age_on(birth_date, today) > OLDEST:
        yield FieldProblem(field, f"The patient would be over {OLDEST} years old.", "Correct the year.")
    elif age_on(birth_date, first_day) < needs.minimum_age:
        message = f"{needs.age_service} is for patients from {needs.minimum_age} years on."
        yield FieldProblem(field, message, "Leave the service out, or book for a day after that birthday.")


def age_on(birth_date: dt.date, day: dt.date) -> int:
    """Return the full years lived on a day; who is born on 29 February has birthday on 1 March in other years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def nurse_problems(preferred: Iterable[str], excluded: Iterable[str]) -> Iterator[FieldProblem]:
    """Nobody is wished for and refused at once."""
    if set(preferred) & set(excluded):
        message = "A nurse is preferred and excluded."
        yield FieldProblem("excluded_nurses", message, "Name each nurse in one of the two lists.")


def washout_problems(
    visit: Exposure, others: Sequence[Exposure], washout_days: Mapping[str, int], area: Area
) -> Iterator[FieldProblem]:
    """No level is drawn within so many days after its substance was injected, whichever times are chosen.

    Args:
        visit: the one to be booked or moved; on one visit blood is drawn before the injection, so it may do both.
        others: the same patient's other visits that stand or were done.
        washout_days: days to wait, by substance.
        area: for the local date in the remedy.
    """
    for substance, days in washout_days.items():
        wait = dt.timedelta(days=days)
        given = [other for other in others if substance in other.gives and _too_soon(visit.times, other.times, wait)]
        drawn = [other for other in others if substance in other.assays and _too_soon(other.times, visit.times, wait)]
        if substance in visit.assays and given:
            free = area.local_date(max(time.end for other in given for time in other.times) + wait) + dt.timedelta(1)
            message = f"The {substance} level may be drawn within {days} days after another visit's injection."
            remedy = f"Book both as one visit (blood is drawn first), or choose {free.isoformat()} or later."
            yield FieldProblem("windows", message, remedy)
        if substance in visit.gives and drawn:
            message = f"Another visit may draw the {substance} level within {days} days after this injection."
            remedy = "Book both as one visit (blood is drawn first), or inject after the level was drawn."
            yield FieldProblem("windows", message, remedy)


def _too_soon(drawn: Sequence[TimeWindow], given: Sequence[TimeWindow], wait: dt.timedelta) -> bool:
    """Tell whether a draw in one of these times can fall into the wait after an injection in one of those."""
    return any(draw.end > gift.start and draw.start < gift.end + wait for draw in drawn for gift in given)
