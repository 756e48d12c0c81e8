"""A day told in events, for tests of the rooms that only listen: what booking, geocoding, routing and dispatch say.

Versions count up by key and topic as the rooms count them; texts are sealed with a key per patient, as booking does.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.areas import Area
from shared.clock import new_id
from shared.events.booking import VisitCancelled, VisitChanged, VisitRequested
from shared.events.dispatch import (
    ActEvent,
    AssignmentWithdrawn,
    RouteDispatched,
    ShiftClosed,
    ShiftOpened,
    VisitAssigned,
    VisitMissed,
    WithdrawalReason,
)
from shared.events.geocoding import PlaceCandidate, PlaceResolved, PlaceUnresolved, UnresolvedReason
from shared.events.ids import AreaId, BookingId, EventId, NurseId, NurseRef, PatientId, ShiftId, VisitId
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, Route, RouteRef, Unassigned
from shared.events.values import GeoPoint, Leg, MatchKind, Priority, Stop, StopKind, TimeWindow
from shared.security.seal import new_key, seal

AREA = Area(
    id=AreaId("maple"),
    name="Maple Falls",
    timezone="America/New_York",
    bbox=(-82.6, 40.0, -82.4, 40.2),
    source="maple.osm.pbf",
    source_sha256="0" * 64,
    built_at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
    addresses=1,
    streets=1,
)
DATE = dt.date(2030, 5, 6)
EIGHT = dt.datetime(2030, 5, 6, 12, tzinfo=dt.UTC)
"""Eight in the morning in the area, which is on New York's summer time."""

HOME = GeoPoint(lat=40.05, lon=-82.55)
MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Nurse:
    """A nurse with her shift of the day."""

    nurse_id: NurseId
    ref: NurseRef
    name: str
    shift_id: ShiftId


@dataclass(slots=True)
class Story:
    """Makes the events of one area's day, each with the next version of its key.

    Attributes:
        keys: patients' keys, as booking would hand them out.
        nurses: those who have a shift.
    """

    area: Area = AREA
    date: dt.date = DATE
    keys: dict[PatientId, bytes] = field(default_factory=dict)
    nurses: dict[NurseId, Nurse] = field(default_factory=dict)
    _versions: Counter[tuple[str, str]] = field(default_factory=Counter)

    def version(self, topic: str, key: object) -> int:
        """Return the next version of a key."""
        self._versions[topic, str(key)] += 1
        return self._versions[topic, str(key)]

    def requested(
        self,
        name: str = "Ada",
        address: str = "12 Maple Ave, Maple Falls, OH 43000",
        *,
        start: dt.datetime = EIGHT,
        hours: int = 4,
        services: Sequence[str] = ("b12-im-1000",),
        notes: str | None = None,
        priority: Priority = Priority.ROUTINE,
    ) -> VisitRequested:
        """A patient asks for a visit."""
        patient, visit_id = PatientId(new_id()), VisitId(new_id())
        key = self.keys[patient] = new_key()
        return VisitRequested(
            aggregate_version=self.version("visits", visit_id),
            visit_id=visit_id,
            booking_id=BookingId(new_id()),
            patient_id=patient,
            area_id=self.area.id,
            address_version=1,
            services=tuple(services),
            duration=20 * MINUTE,
            skills=("injection",),
            licence_options=(("RN", "LVN"),),
            windows=(TimeWindow(start=start, end=start + hours * HOUR),),
            priority=priority,
            patient_name=seal(key, patient, "patient_name", name),
            address=seal(key, patient, "address", address),
            notes=seal(key, patient, "notes", notes) if notes else None,
        )

    def changed(self, visit: VisitRequested, **changes: Any) -> VisitChanged:
        """The visit's new state, with some fields changed."""
        body = visit.model_dump() | changes | {"aggregate_version": self.version("visits", visit.visit_id)}
        return VisitChanged.model_validate(body)

    def moved(self, visit: VisitRequested, address: str) -> VisitChanged:
        """The patient gives another address."""
        sealed = seal(self.keys[visit.patient_id], visit.patient_id, "address", address)
        return self.changed(visit, address=sealed, address_version=visit.address_version + 1)

    def cancelled(self, visit: VisitRequested) -> VisitCancelled:
        """The visit is off."""
        return VisitCancelled(
            aggregate_version=self.version("visits", visit.visit_id),
            visit_id=visit.visit_id,
            booking_id=visit.booking_id,
            area_id=self.area.id,
            reason="patient",
        )

    def placed(self, visit: VisitRequested, lat: float = 40.1, lon: float = -82.5) -> PlaceResolved:
        """The address was found."""
        return PlaceResolved(
            aggregate_version=self.version("places", visit.visit_id),
            visit_id=visit.visit_id,
            area_id=self.area.id,
            address_version=visit.address_version,
            point=GeoPoint(lat=lat, lon=lon),
            match=MatchKind.ADDRESS,
            confidence=1.0,
            state="OH",
            provider="local",
        )

    def unplaced(self, visit: VisitRequested, *candidates: tuple[str, float, float]) -> PlaceUnresolved:
        """The address was not found for certain; each candidate is a label with latitude and longitude."""
        key = self.keys[visit.patient_id]
        return PlaceUnresolved(
            aggregate_version=self.version("places", visit.visit_id),
            visit_id=visit.visit_id,
            area_id=self.area.id,
            address_version=visit.address_version,
            reason=UnresolvedReason.AMBIGUOUS if candidates else UnresolvedReason.NOT_FOUND,
            candidates=tuple(
                PlaceCandidate(
                    point=GeoPoint(lat=lat, lon=lon),
                    match=MatchKind.ADDRESS,
                    confidence=0.62,
                    label=seal(key, visit.patient_id, "place_label", label),
                )
                for label, lat, lon in candidates
            ),
        )

    def shift(self, ref: str = "N01", name: str = "Nora Bell", start: GeoPoint = HOME) -> ShiftOpened:
        """A nurse will work from eight to four."""
        nurse = Nurse(NurseId(new_id()), NurseRef(ref), name, ShiftId(new_id()))
        self.nurses[nurse.nurse_id] = nurse
        return ShiftOpened(
            aggregate_version=self.version("shifts", nurse.shift_id),
            shift_id=nurse.shift_id,
            nurse_id=nurse.nurse_id,
            nurse_ref=nurse.ref,
            area_id=self.area.id,
            date=self.date,
            start=EIGHT,
            end=EIGHT + 8 * HOUR,
            start_point=start,
            end_point=start,
            skills=("injection",),
            licences=("RN:OH",),
        )

    def closed(self, shift: ShiftOpened) -> ShiftClosed:
        """The nurse will not work."""
        return ShiftClosed(
            aggregate_version=self.version("shifts", shift.shift_id),
            shift_id=shift.shift_id,
            nurse_id=shift.nurse_id,
            area_id=self.area.id,
            date=self.date,
        )

    def dispatched(
        self, shift: ShiftOpened, *places: PlaceResolved, geometry: str | None = None, plan_version: int = 1
    ) -> list[Event]:
        """A route is handed out: a visit every half hour from half past eight, ten minutes' drive before each."""
        starts = [EIGHT + 30 * MINUTE * (1 + number) for number in range(len(places))]
        stops = tuple(
            Stop(
                kind=StopKind.VISIT,
                visit_id=place.visit_id,
                point=place.point,
                arrival=start,
                start=start,
                end=start + 20 * MINUTE,
                travel=Leg(drive=10 * MINUTE, metres=4000),
            )
            for place, start in zip(places, starts, strict=True)
        )
        return self.handed_out(shift, stops, geometry=geometry, plan_version=plan_version)

    def handed_out(
        self, shift: ShiftOpened, stops: tuple[Stop, ...], *, geometry: str | None = None, plan_version: int = 1
    ) -> list[Event]:
        """A route with these stops is handed out, and its visits are assigned."""
        route = Route(
            shift_id=shift.shift_id,
            nurse_id=shift.nurse_id,
            nurse_ref=shift.nurse_ref,
            departure=stops[0].arrival - stops[0].travel.drive if stops else shift.start,
            back=stops[-1].end + 10 * MINUTE if stops else shift.start,
            stops=stops,
            drive=sum((stop.travel.drive for stop in stops), 10 * MINUTE),
            metres=sum(stop.travel.metres for stop in stops),
            geometry=geometry,
        )
        said = RouteDispatched(**self._of_day(), plan_version=plan_version, route=route)
        return [said, *(self._assigned(shift, stop, plan_version) for stop in stops if stop.visit_id)]

    def _assigned(self, shift: ShiftOpened, stop: Stop, plan_version: int) -> VisitAssigned:
        return VisitAssigned.model_validate(
            {
                **self._of_day(),
                "plan_version": plan_version,
                "visit_id": stop.visit_id,
                "shift_id": shift.shift_id,
                "nurse_id": shift.nurse_id,
                "nurse_ref": shift.nurse_ref,
                "arrival": stop.arrival,
                "start": stop.start,
                "end": stop.end,
            }
        )

    def withdrawn(self, shift: ShiftOpened, visit: VisitRequested) -> AssignmentWithdrawn:
        """The nurse no longer has the visit."""
        return AssignmentWithdrawn(
            **self._of_day(),
            visit_id=visit.visit_id,
            shift_id=shift.shift_id,
            nurse_id=shift.nurse_id,
            reason=WithdrawalReason.REPLANNED,
        )

    def act[A: ActEvent](
        self, kind: type[A], shift: ShiftOpened | Nurse, visit_id: VisitId, at: dt.datetime = EIGHT, **more: Any
    ) -> A:
        """The nurse does something."""
        if kind is VisitMissed:
            more = {"reason": "not_home"} | more
        return kind(
            **self._of_day(),
            act_id=EventId(new_id()),
            visit_id=visit_id,
            shift_id=shift.shift_id,
            nurse_id=shift.nurse_id,
            at=at,
            **more,
        )

    def committed(self, plan_version: int = 1, *left_out: tuple[VisitRequested, str]) -> PlanCommitted:
        """A plan holds; each visit left out comes with the sentence that says why."""
        return PlanCommitted(
            aggregate_version=self.version("plans", self.date),
            area_id=self.area.id,
            date=self.date,
            plan_version=plan_version,
            routes=tuple(
                RouteRef(shift_id=nurse.shift_id, plan_version=plan_version) for nurse in self.nurses.values()
            ),
            unassigned=tuple(
                Unassigned(visit_id=visit.visit_id, reason="no_room", explanation=why) for visit, why in left_out
            ),
            price_cents={},
            drive=HOUR,
            travel_estimated=False,
            seconds=1.0,
        )

    def _of_day(self) -> dict[str, Any]:
        return {"aggregate_version": self.version("days", self.date), "area_id": self.area.id, "date": self.date}
