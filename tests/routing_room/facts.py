"""What the other rooms say of one day in Maple Falls, in short words."""

import datetime as dt
from typing import Any
from uuid import UUID

from shared.clock import new_id
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested
from shared.events.dispatch import (
    ActEvent,
    NurseArrived,
    NurseEnRoute,
    ShiftChanged,
    ShiftClosed,
    ShiftOpened,
    VisitCompleted,
    VisitMissed,
)
from shared.events.geocoding import PlaceResolved, PlaceUnresolved, UnresolvedReason
from shared.events.ids import AreaId, BookingId, EventId, NurseId, NurseRef, PatientId, ShiftId, VisitId
from shared.events.values import Break, GeoPoint, MatchKind, Priority, Sealed, TimeWindow

MAPLE = AreaId("maple")
DAY = dt.date(2030, 5, 6)
NEXT_DAY = dt.date(2030, 5, 7)
MIDNIGHT = dt.datetime(2030, 5, 6, 4, 0, tzinfo=dt.UTC)  # in the area
PATIENT = PatientId(UUID(int=9))
SEALED = Sealed(patient_id=PATIENT, ciphertext="c2VhbGVk")
SOUTH, NORTH = GeoPoint(lat=40.0, lon=-82.5), GeoPoint(lat=40.3, lon=-82.5)
"""Two ends of a town, three quarters of an hour's drive apart."""


def at(hour: float, day: dt.date = DAY) -> dt.datetime:
    """An hour of a day on the area's clock."""
    return MIDNIGHT + (day - DAY) + dt.timedelta(hours=hour)


def near(point: GeoPoint, number: int = 1) -> GeoPoint:
    """A place so many times three minutes' drive to the north."""
    return GeoPoint(lat=point.lat + number / 100, lon=point.lon)


def visit_id(number: int) -> VisitId:
    return VisitId(UUID(int=number))


def shift_id(number: int) -> ShiftId:
    return ShiftId(UUID(int=1000 + number))


def requested(number: int, **changes: Any) -> VisitRequested:
    """Booking asks for a visit of twenty minutes at any time from 8 to 16, or changed."""
    return VisitRequested(**_stated(number, **changes))


def changed(number: int, version: int, **changes: Any) -> VisitChanged:
    """Booking changes a visit."""
    return VisitChanged(**_stated(number, aggregate_version=version, **changes))


def _stated(number: int, **changes: Any) -> dict[str, Any]:
    stated = {
        "aggregate_version": 1,
        "visit_id": visit_id(number),
        "booking_id": BookingId(UUID(int=0)),
        "patient_id": PATIENT,
        "area_id": MAPLE,
        "address_version": 1,
        "services": ("b12-im-1000",),
        "duration": dt.timedelta(minutes=20),
        "skills": ("injection",),
        "licence_options": (("RN", "LVN"),),
        "windows": (TimeWindow(start=at(8), end=at(16)),),
        "priority": Priority.ROUTINE,
        "patient_name": SEALED,
        "address": SEALED,
    }
    return stated | changes


def cancelled(number: int, version: int = 2) -> VisitCancelled:
    """Booking says that a visit is off."""
    return VisitCancelled(
        aggregate_version=version,
        visit_id=visit_id(number),
        booking_id=BookingId(UUID(int=0)),
        area_id=MAPLE,
        reason="patient",
    )


def located(number: int, point: GeoPoint = SOUTH, version: int = 1, address_version: int = 1) -> PlaceResolved:
    """Geocoding found the visit's address."""
    return PlaceResolved(
        aggregate_version=version,
        visit_id=visit_id(number),
        area_id=MAPLE,
        address_version=address_version,
        point=point,
        match=MatchKind.ADDRESS,
        confidence=0.99,
        state="OH",
        provider="local",
    )


def not_located(number: int, version: int, address_version: int) -> PlaceUnresolved:
    """Geocoding did not find the visit's address."""
    return PlaceUnresolved(
        aggregate_version=version,
        visit_id=visit_id(number),
        area_id=MAPLE,
        address_version=address_version,
        reason=UnresolvedReason.NOT_FOUND,
    )


def shift(number: int, point: GeoPoint = SOUTH, **changes: Any) -> ShiftOpened:
    """A registered nurse works from 8 to 16, from and to a place."""
    return ShiftOpened(**_shift(number, point, **changes))


def shift_changed(number: int, version: int, point: GeoPoint = SOUTH, **changes: Any) -> ShiftChanged:
    """The shift is other than it was."""
    return ShiftChanged(**_shift(number, point, aggregate_version=version, **changes))


def _shift(number: int, point: GeoPoint, **changes: Any) -> dict[str, Any]:
    state = {
        "aggregate_version": 1,
        "shift_id": shift_id(number),
        "nurse_id": NurseId(UUID(int=2000 + number)),
        "nurse_ref": NurseRef(f"N{number:02}"),
        "area_id": MAPLE,
        "date": DAY,
        "start": at(8),
        "end": at(16),
        "start_point": point,
        "end_point": point,
        "skills": ("injection",),
        "licences": ("RN:OH",),
    }
    return state | changes


def shift_closed(number: int, version: int = 2) -> ShiftClosed:
    """The nurse will not work."""
    nurse = NurseId(UUID(int=2000 + number))
    return ShiftClosed(aggregate_version=version, shift_id=shift_id(number), nurse_id=nurse, area_id=MAPLE, date=DAY)


def lunch() -> Break:
    """Half an hour between eleven and one."""
    return Break(duration=dt.timedelta(minutes=30), earliest=at(11), latest=at(13))


def act[A: ActEvent](cls: type[A], number: int, hour: float, shift_number: int = 1, **more: Any) -> A:
    """A nurse does something about a visit."""
    body = {
        "aggregate_version": 1,
        "area_id": MAPLE,
        "date": DAY,
        "act_id": EventId(new_id()),
        "visit_id": visit_id(number),
        "shift_id": shift_id(shift_number),
        "nurse_id": NurseId(UUID(int=2000 + shift_number)),
        "at": at(hour),
    }
    return cls(**body | more)


def en_route(number: int, hour: float, shift_number: int = 1) -> NurseEnRoute:
    return act(NurseEnRoute, number, hour, shift_number)


def arrived(number: int, hour: float, shift_number: int = 1) -> NurseArrived:
    return act(NurseArrived, number, hour, shift_number)


def completed(number: int, hour: float, shift_number: int = 1) -> VisitCompleted:
    return act(VisitCompleted, number, hour, shift_number)


def missed(number: int, hour: float, shift_number: int = 1) -> VisitMissed:
    return act(VisitMissed, number, hour, shift_number, reason="not_home")
