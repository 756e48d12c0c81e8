"""The booking room's SQL."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, bindparam, insert, or_, update
from sqlalchemy import select as select_columns
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.store.models import Base, BookingRow, KeyAccessRow, PatientRow, PlanRow, VisitDayRow, VisitRow
from services.booking.store.new import NewRows


@dataclass(frozen=True, slots=True)
class Page:
    """Which bookings to list: those that come after a booking, newest first."""

    limit: int
    after: UUID | None = None
    area_id: str | None = None
    date: dt.date | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class KnownBooking:
    """A booking as far as a request may repeat it."""

    booking_id: UUID
    key_digest: str | None
    reference: str | None
    fingerprint: str | None
    reply: str | None


@dataclass(frozen=True, slots=True)
class KnownPatient:
    """A patient whose row is held until the transaction ends."""

    patient_id: UUID
    wrapped_key: bytes
    profile: bytes


# Made once: on the way of every booking, and building a statement takes longer than running it.
_INSERTS: dict[type[SQLModel], Insert] = {
    row: insert(Base.metadata.tables[str(row.__tablename__)]) for row in (PatientRow, BookingRow, VisitRow, VisitDayRow)
}
_KNOWN = select_columns(  # sqlmodel's own select types four of them
    col(BookingRow.booking_id),
    col(BookingRow.key_digest),
    col(BookingRow.reference),
    col(BookingRow.fingerprint),
    col(BookingRow.reply),
).where(
    or_(
        col(BookingRow.key_digest).in_(bindparam("key_digests", expanding=True)),
        col(BookingRow.reference).in_(bindparam("references", expanding=True)),
    )
)
_PATIENTS = (
    select(PatientRow.reference_index, PatientRow.patient_id, PatientRow.wrapped_key, PatientRow.profile)
    .where(col(PatientRow.reference_index).in_(bindparam("indexes", expanding=True)))
    .order_by(col(PatientRow.reference_index))  # everybody locks in one order
    .with_for_update()
)
_TELL_ANEW = (
    update(Base.metadata.tables["patient"])
    .where(Base.metadata.tables["patient"].c.patient_id == bindparam("known"))
    .values(profile=bindparam("told"))
)


def _padded(values: Collection[str], length: int) -> list[str]:
    """Return the values repeated to a length: a statement is prepared for each length, so there should be few."""
    known = sorted(values)
    return known + known[-1:] * (length - len(known)) if known else [""] * length


async def known_bookings(
    session: AsyncSession, key_digests: Collection[str], references: Collection[str]
) -> list[KnownBooking]:
    """Return the bookings that were made with these keys and those that booking systems know by these ids."""
    length = 1 << (max(len(key_digests), len(references)) - 1).bit_length()
    asked = {"key_digests": _padded(key_digests, length), "references": _padded(references, length)}
    return [KnownBooking(*row) for row in await (await session.connection()).execute(_KNOWN, asked)]


async def lock_known_patients(session: AsyncSession, indexes: Collection[str]) -> dict[str, KnownPatient]:
    """Return the patients booking systems know by these ids, and hold their rows until the transaction ends."""
    if not indexes:
        return {}
    asked = {"indexes": _padded(indexes, 1 << (len(indexes) - 1).bit_length())}
    rows = await (await session.connection()).execute(_PATIENTS, asked)
    return {index: KnownPatient(patient_id, key, profile) for index, patient_id, key, profile in rows}


async def insert_bookings(session: AsyncSession, new: Sequence[NewRows]) -> None:
    """Store bookings with their visits, and their patients if new; parents first, one statement a table."""
    connection = await session.connection()
    if told := [{"known": one.booking.patient_id, "told": one.told} for one in new if one.told is not None]:
        await connection.execute(_TELL_ANEW, told)
    tables: dict[type[SQLModel], list[Mapping[str, Any]]] = {
        PatientRow: [one.patient for one in new if one.patient is not None],
        BookingRow: [vars(one.booking) for one in new],
        VisitRow: [vars(one.visit) for one in new],
        VisitDayRow: [
            {"visit_id": one.visit.visit_id, "date": date, "wished": True, "seen": 0}
            for one in new
            for date in one.dates
        ],
    }
    for table, rows in tables.items():
        if rows:
            await connection.execute(_INSERTS[table], rows)


async def patient_of(session: AsyncSession, booking_id: UUID) -> UUID | None:
    """Return whose booking it is; that never changes."""
    return (await session.exec(select(BookingRow.patient_id).where(BookingRow.booking_id == booking_id))).one_or_none()


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
