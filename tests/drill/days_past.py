"""Histories that are right, made at random: what the checker must pass, and what the tests spoil one line of."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from hypothesis import strategies as st

from shared.events.booking import VisitCancelled, VisitRequested
from shared.events.dispatch import AssignmentWithdrawn, RouteDispatched, VisitAssigned, WithdrawalReason
from shared.events.ids import AreaId, BookingId, NurseId, NurseRef, PatientId, ShiftId, VisitId
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, Route, RoutePlanned, RouteRef
from shared.events.values import GeoPoint, Leg, Priority, Sealed, Stop, StopKind, TimeWindow
from tests.drill.history import (
    Assigned,
    Booked,
    Effect,
    Handled,
    Healed,
    History,
    Known,
    Line,
    Listens,
    Operation,
    Outcome,
    Said,
    Spoken,
)

SPACE = UUID("01976d6e-0000-7000-8000-000000000000")
DAY = dt.date(2030, 5, 6)
MORNING = dt.datetime(2030, 5, 6, 12, tzinfo=dt.UTC)
AREA = AreaId("here")
SHIFT, NURSE = ShiftId(uuid5(SPACE, "shift")), NurseId(uuid5(SPACE, "nurse"))


def visit_of(number: int) -> VisitId:
    """Return the id of a visit by its number."""
    return VisitId(uuid5(SPACE, f"visit {number}"))


@dataclass(slots=True)
class Past:
    """A day that went well, told as it went.

    Every booking is planned in a plan of its own; some are cancelled, before or after they had a nurse.
    """

    lines: list[Line] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    commits: int = 0

    def say(self, room: str, event: Event, *listeners: str) -> None:
        """Have a room say an event and others handle it."""
        place = event.topic, event.key()
        self.versions[place] = self.versions.get(place, 0) + 1
        numbered = event.model_copy(update={"aggregate_version": self.versions[place]})
        offset = self.offsets.get(event.topic, 0)
        self.offsets[event.topic] = offset + 1
        event_id = str(uuid5(SPACE, f"{event.topic}/{offset}"))
        self.lines += [
            Spoken(
                topic=event.topic,
                partition=0,
                offset=offset,
                key=event.key(),
                event_id=event_id,
                type=event.event_type,
                body=numbered.model_dump(mode="json"),
            ),
            Said(room=room, seq=offset, event_id=event_id, topic=event.topic, key=event.key(), published=True),
            Effect(
                n=offset,
                event_id=event_id,
                topic=event.topic,
                key=event.key(),
                version=numbered.aggregate_version,
            ),
        ]
        for listener in listeners:
            self.commits += 1
            self.lines.append(Handled(room=listener, event_id=event_id, commit=self.commits))

    def repeat(self, event_id: str) -> None:
        """Have the bus deliver a record again."""
        record = next(line for line in self.lines if isinstance(line, Spoken) and line.event_id == event_id)
        offset = self.offsets[record.topic]
        self.offsets[record.topic] = offset + 1
        self.lines.append(record.model_copy(update={"offset": offset}))


def _requested(number: int) -> VisitRequested:
    patient = PatientId(uuid5(SPACE, f"patient {number}"))
    sealed = Sealed(patient_id=patient, ciphertext="sealed")
    return VisitRequested(
        aggregate_version=0,
        visit_id=visit_of(number),
        booking_id=BookingId(uuid5(SPACE, f"booking {number}")),
        patient_id=patient,
        area_id=AREA,
        address_version=1,
        services=("b12-im-1000",),
        duration=dt.timedelta(minutes=20),
        skills=(),
        licence_options=(),
        windows=(TimeWindow(start=MORNING, end=MORNING + dt.timedelta(hours=8)),),
        priority=Priority.ROUTINE,
        patient_name=sealed,
        address=sealed,
    )


def _route(numbers: Iterable[int]) -> Route:
    stops = tuple(
        Stop(
            kind=StopKind.VISIT,
            visit_id=visit_of(number),
            point=GeoPoint(lat=40, lon=-82),
            arrival=MORNING + dt.timedelta(hours=place),
            start=MORNING + dt.timedelta(hours=place),
            end=MORNING + dt.timedelta(hours=place, minutes=20),
            travel=Leg(drive=dt.timedelta(), metres=0),
        )
        for place, number in enumerate(numbers)
    )
    return Route(
        shift_id=SHIFT,
        nurse_id=NURSE,
        nurse_ref=NurseRef("N01"),
        departure=MORNING,
        back=MORNING + dt.timedelta(hours=12),
        stops=stops,
        drive=dt.timedelta(),
        metres=0,
    )


def _plan(past: Past, version: int, route: Route) -> None:
    past.say(
        "routing",
        RoutePlanned(aggregate_version=0, area_id=AREA, date=DAY, plan_version=version, route=route),
        "dispatch",
    )
    committed = PlanCommitted(
        aggregate_version=0,
        area_id=AREA,
        date=DAY,
        plan_version=version,
        routes=(RouteRef(shift_id=SHIFT, plan_version=version),),
        unassigned=(),
        price_cents={},
        drive=dt.timedelta(),
        travel_estimated=False,
        seconds=0.1,
    )
    past.say("routing", committed, "dispatch")


def _dispatch(past: Past, version: int, route: Route, new: int | None = None) -> None:
    past.say(
        "dispatch", RouteDispatched(aggregate_version=0, area_id=AREA, date=DAY, plan_version=version, route=route)
    )
    for stop in route.stops:
        if new is not None and stop.visit_id == visit_of(new):
            past.say(
                "dispatch",
                VisitAssigned(
                    aggregate_version=0,
                    area_id=AREA,
                    date=DAY,
                    plan_version=version,
                    visit_id=stop.visit_id,
                    shift_id=SHIFT,
                    nurse_id=NURSE,
                    nurse_ref=NurseRef("N01"),
                    arrival=stop.arrival,
                    start=stop.start,
                    end=stop.end,
                ),
            )


def _cancel(past: Past, number: int, version: int, route: Route | None) -> None:
    past.say(
        "booking",
        VisitCancelled(
            aggregate_version=0,
            visit_id=visit_of(number),
            booking_id=BookingId(uuid5(SPACE, f"booking {number}")),
            area_id=AREA,
            reason="patient",
        ),
        "dispatch",
    )
    if route is not None:
        past.say(
            "dispatch",
            AssignmentWithdrawn(
                aggregate_version=0,
                area_id=AREA,
                date=DAY,
                visit_id=visit_of(number),
                shift_id=SHIFT,
                nurse_id=NURSE,
                reason=WithdrawalReason.CANCELLED,
            ),
        )
        _dispatch(past, version, route)


@st.composite
def right_histories(draw: st.DrawFn, least: int = 1) -> History:
    """Make a history without a fault."""
    past = Past([Listens(room="dispatch", types=(VisitCancelled.event_type, RoutePlanned.event_type))])
    cancelled: set[int] = set()
    held: list[int] = []
    version = 0
    fates = draw(st.lists(st.sampled_from(["kept", "cancelled early", "cancelled late"]), min_size=least, max_size=6))
    for number, fate in enumerate(fates):
        past.say("booking", _requested(number))
        if fate == "cancelled early":
            cancelled.add(number)
            _cancel(past, number, version, None)
        else:
            version += 1
            held.append(number)
            _plan(past, version, _route(held))
            _dispatch(past, version, _route(held), number)
        if fate == "cancelled late":
            cancelled.add(number)
            held.remove(number)
            _cancel(past, number, version, _route(held))
        past.lines += _found(number, number in cancelled)
    for event_id in draw(st.lists(st.sampled_from([r.event_id for r in past.lines if isinstance(r, Spoken)]))):
        past.repeat(event_id)
    return History([*past.lines, Healed(seconds=3, allowed=60)])


def _found(number: int, cancelled: bool) -> list[Line]:  # noqa: FBT001 - two kinds of booking
    booking_id, visit_id = str(uuid5(SPACE, f"booking {number}")), str(visit_of(number))
    version = 2 if cancelled else 1
    asked = Operation(act="book", key=f"key {number}", outcome=Outcome.OK, answers=(booking_id,), visit_id=visit_id)
    lines: list[Line] = [
        asked,
        Booked(
            booking_id=booking_id,
            reference=asked.key,
            visit_id=visit_id,
            version=version,
            cancelled=cancelled,
            answer=None if cancelled else "assigned",
            shift_id=None if cancelled else str(SHIFT),
        ),
        Known(room="routing", topic=VisitRequested.topic, key=visit_id, version=version),
    ]
    if cancelled:
        lines.append(
            Operation(act="cancel", key=f"cancel {number}", outcome=Outcome.OK, visit_id=visit_id, version=version)
        )
    else:
        lines.append(Assigned(visit_id=visit_id, shift_id=str(SHIFT), progress="assigned"))
    return lines
