"""Between the rows of a visit and the values the rules speak of."""

import datetime as dt
from collections.abc import Iterable

from services.booking.domain.progress import Assignment, BookingStatus, DayFacts, Step, stands, status_of
from services.booking.store.models import VisitDayRow, VisitRow
from services.booking.store.new import AnyVisit
from shared.events.booking import VisitChanged, VisitRequested
from shared.events.ids import AreaId, BookingId, NurseRef, PatientId, VisitId
from shared.events.values import Priority, Sealed, TimeWindow


def pack_windows(windows: Iterable[TimeWindow]) -> list[list[str]]:
    """Return windows as they are stored."""
    return [[window.start.isoformat(), window.end.isoformat()] for window in windows]


def windows_of(visit: AnyVisit) -> tuple[TimeWindow, ...]:
    """Return when the visit is wished."""
    instants = ([dt.datetime.fromisoformat(text) for text in pair] for pair in visit.windows)
    return tuple(TimeWindow(start=start, end=end) for start, end in instants)


def facts_of(day: VisitDayRow) -> DayFacts:
    """Return what is known of a visit on a day."""
    return DayFacts(
        seen=day.seen,
        assignment=None if day.assignment is None else Assignment.model_validate(day.assignment),
        step=None if day.step is None else Step(day.step),
        at=day.at,
        miss_reason=day.miss_reason,
    )


def put_facts(day: VisitDayRow, facts: DayFacts) -> None:
    """Store what is known of a visit on a day."""
    day.seen = facts.seen
    day.assignment = None if facts.assignment is None else facts.assignment.model_dump(mode="json")
    day.step = facts.step
    day.at = facts.at
    day.miss_reason = facts.miss_reason


def put_status(visit: VisitRow, days: Iterable[VisitDayRow]) -> None:
    """Store the status that the visit's facts add up to."""
    visit.status = status_of(
        cancelled=visit.cancelled_at is not None,
        unresolved=visit.place == "unresolved",
        windows=windows_of(visit),
        days=[facts_of(day) for day in days],
    )


def standing_day(visit: AnyVisit, days: Iterable[VisitDayRow]) -> tuple[VisitDayRow, Assignment] | None:
    """Return the day on which the visit has a nurse, with who and when."""
    windows = windows_of(visit)
    return next(((day, planned) for day in days if (planned := stands(windows, facts_of(day)))), None)


def wish_days(visit: VisitRow, days: Iterable[VisitDayRow], dates: Iterable[dt.date]) -> list[VisitDayRow]:
    """Mark the dates on which the visit is wished; return its days, the new ones included."""
    by_date = {day.date: day for day in days}
    for day in by_date.values():
        day.wished = False
    for date in dates:
        by_date.setdefault(date, VisitDayRow(visit_id=visit.visit_id, date=date)).wished = True
    return [by_date[date] for date in sorted(by_date)]


def say[E: (VisitRequested, VisitChanged)](event: type[E], visit: AnyVisit) -> E:
    """Return the event that carries the visit's whole state.

    Raises:
        ValueError: the patient was erased; nothing more is said of their visits.
    """
    if visit.name is None or visit.address is None:
        raise ValueError("An erased patient's visit has no state to publish.")
    patient_id = PatientId(visit.patient_id)
    return event(
        aggregate_version=visit.version,
        visit_id=VisitId(visit.visit_id),
        booking_id=BookingId(visit.booking_id),
        patient_id=patient_id,
        area_id=AreaId(visit.area_id),
        address_version=visit.address_version,
        services=tuple(visit.services),
        duration=dt.timedelta(minutes=visit.duration_minutes),
        skills=tuple(visit.skills),
        licence_options=tuple(tuple(option) for option in visit.licence_options),
        windows=windows_of(visit),
        priority=Priority(visit.priority),
        preferred_nurses=tuple(NurseRef(code) for code in visit.preferred_nurses),
        excluded_nurses=tuple(NurseRef(code) for code in visit.excluded_nurses),
        patient_name=Sealed(patient_id=patient_id, ciphertext=visit.name),
        address=Sealed(patient_id=patient_id, ciphertext=visit.address),
        notes=None if visit.notes is None else Sealed(patient_id=patient_id, ciphertext=visit.notes),
    )


def is_open(visit: VisitRow) -> bool:
    """Tell whether the visit may still take place."""
    return visit.status not in {BookingStatus.FULFILLED, BookingStatus.CANCELLED, BookingStatus.NOSHOW}
