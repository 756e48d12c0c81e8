"""The booking room's SQL."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, bindparam, insert, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.store.models import Base, BookingRow, KeyAccessRow, PatientRow, PlanRow, VisitDayRow, VisitRow


@dataclass(frozen=True, slots=True)
class Page:
    """Which bookings to list: those that come after a booking, newest first."""

    limit: int
    after: UUID | None = None
    area_id: str | None = None
    date: dt.date | None = None
    status: str | None = None


# Made once: on the way of every booking, and building a statement takes longer than running it.
_INSERTS = {
    row: insert(Base.metadata.tables[str(row.__tablename__)]) for row in (PatientRow, BookingRow, VisitRow, VisitDayRow)
}
_KNOWN = select(BookingRow).where(
    or_(
        col(BookingRow.key_digest) == bindparam("key_digest"),
        col(BookingRow.reference) == bindparam("reference", type_=String),
    )
)


async def insert_booking(
    session: AsyncSession, patient: PatientRow | None, booking: BookingRow, visit: VisitRow, days: list[VisitDayRow]
) -> None:
    """Store a booking with its visit, and its patient if new; parents first, one statement a table."""
    connection = await session.connection()
    for row in (patient, booking, visit):
        if row is not None:
            await connection.execute(_INSERTS[type(row)], row.model_dump())
    await connection.execute(_INSERTS[VisitDayRow], [day.model_dump() for day in days])


async def known_bookings(session: AsyncSession, key_digest: str, reference: str | None) -> Sequence[BookingRow]:
    """Return the booking that an Idempotency-Key made and the one a booking system knows by this id, as there are."""
    return (await session.exec(_KNOWN, params={"key_digest": key_digest, "reference": reference})).all()


async def booking_with_visit(
    session: AsyncSession, booking_id: UUID, *, hold: bool
) -> tuple[BookingRow, VisitRow] | None:
    """Return a booking and its visit; who will change it holds the visit's row until the transaction ends."""
    statement = (
        select(BookingRow, VisitRow)
        .join(VisitRow, col(VisitRow.booking_id) == col(BookingRow.booking_id))
        .where(BookingRow.booking_id == booking_id)
    )
    return (await session.exec(statement.with_for_update(of=VisitRow) if hold else statement)).one_or_none()


async def lock_visit(session: AsyncSession, visit_id: UUID) -> VisitRow | None:
    """Return a visit and hold its row until the transaction ends."""
    return (await session.exec(select(VisitRow).where(VisitRow.visit_id == visit_id).with_for_update())).one_or_none()


async def days_of(session: AsyncSession, *visit_ids: UUID) -> dict[UUID, list[VisitDayRow]]:
    """Return the days of some visits, in order of date."""
    statement = select(VisitDayRow).where(col(VisitDayRow.visit_id).in_(visit_ids)).order_by(col(VisitDayRow.date))
    days: dict[UUID, list[VisitDayRow]] = {visit_id: [] for visit_id in visit_ids}
    for row in await session.exec(statement):
        days[row.visit_id].append(row)
    return days


async def list_visits(session: AsyncSession, page: Page) -> Sequence[tuple[BookingRow, VisitRow]]:
    """Return one page of bookings, newest first: what is booked meanwhile never moves what comes after a booking."""
    statement = (
        select(BookingRow, VisitRow)
        .join(VisitRow, col(VisitRow.booking_id) == col(BookingRow.booking_id))
        .order_by(col(BookingRow.booking_id).desc())
        .limit(page.limit)
    )
    if page.after is not None:
        statement = statement.where(col(BookingRow.booking_id) < page.after)
    if page.area_id is not None:
        statement = statement.where(VisitRow.area_id == page.area_id)
    if page.status is not None:
        statement = statement.where(VisitRow.status == page.status)
    if page.date is not None:
        on_day = select(VisitDayRow.visit_id).where(VisitDayRow.date == page.date, col(VisitDayRow.wished))
        statement = statement.where(col(VisitRow.visit_id).in_(on_day))
    return (await session.exec(statement)).all()


async def patient_by_index(session: AsyncSession, reference_index: str) -> PatientRow | None:
    """Return the patient a booking system knows by this id, and hold the row."""
    statement = select(PatientRow).where(PatientRow.reference_index == reference_index).with_for_update()
    return (await session.exec(statement)).one_or_none()


async def lock_patient(session: AsyncSession, patient_id: UUID) -> PatientRow | None:
    """Return a patient and hold the row until the transaction ends."""
    statement = select(PatientRow).where(PatientRow.patient_id == patient_id).with_for_update()
    return (await session.exec(statement)).one_or_none()


async def visits_of_patient(session: AsyncSession, patient_id: UUID) -> Sequence[VisitRow]:
    """Return all visits of a patient."""
    return (await session.exec(select(VisitRow).where(VisitRow.patient_id == patient_id))).all()


async def wrapped_keys(session: AsyncSession, patient_ids: Collection[UUID]) -> list[tuple[UUID, bytes]]:
    """Return the wrapped keys of the patients that were not erased."""
    statement = select(PatientRow.patient_id, PatientRow.wrapped_key).where(
        col(PatientRow.patient_id).in_(patient_ids), col(PatientRow.wrapped_key).is_not(None)
    )
    return [(patient_id, key) for patient_id, key in await session.exec(statement) if key is not None]


async def note_key_access(
    session: AsyncSession, patient_ids: Iterable[UUID], room: str, purpose: str, at: dt.datetime
) -> None:
    """Record that a room was handed these patients' keys."""
    rows = [{"patient_id": patient_id, "room": room, "purpose": purpose, "at": at} for patient_id in patient_ids]
    if rows:
        await (await session.connection()).execute(insert(KeyAccessRow), rows)


async def advance_plan(session: AsyncSession, area_id: str, date: dt.date, version: int) -> bool:
    """Note that the plans of an area's day were read up to a version; tell whether it is news."""
    row = (
        await session.exec(select(PlanRow).where(PlanRow.area_id == area_id, PlanRow.date == date).with_for_update())
    ).one_or_none()
    if row is None:
        session.add(PlanRow(area_id=area_id, date=date, seen=version))
        return True
    news = version > row.seen
    row.seen = max(version, row.seen)
    return news


async def forget_left_out(session: AsyncSession, area_id: str, date: dt.date) -> None:
    """Forget why visits of an area's day were left out of its plan."""
    in_area = select(VisitRow.visit_id).where(VisitRow.area_id == area_id)
    statement = (
        update(VisitDayRow)
        .where(
            col(VisitDayRow.date) == date,
            col(VisitDayRow.left_out).is_not(None),
            col(VisitDayRow.visit_id).in_(in_area),
        )
        .values(left_out=None, explanation=None)
    )
    await (await session.connection()).execute(statement)


async def days_on(session: AsyncSession, date: dt.date, visit_ids: Collection[UUID]) -> Sequence[VisitDayRow]:
    """Return the rows of a date for some visits."""
    statement = select(VisitDayRow).where(VisitDayRow.date == date, col(VisitDayRow.visit_id).in_(visit_ids))
    return (await session.exec(statement)).all()


async def forget_replies(session: AsyncSession, before: dt.datetime) -> None:
    """Forget the Idempotency-Keys of bookings made before an instant, and what they were answered."""
    statement = (
        update(BookingRow)
        .where(col(BookingRow.created_at) < before, col(BookingRow.key_digest).is_not(None))
        .values(key_digest=None, fingerprint=None, reply=None)
    )
    await (await session.connection()).execute(statement)
