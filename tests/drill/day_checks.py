"""The invariants of planning and of the live day: I5, I6 and I11."""

from collections import Counter
from collections.abc import Iterator, Sequence

from shared.events.booking import VisitCancelled
from shared.events.dispatch import (
    AssignmentWithdrawn,
    NurseEnRoute,
    RouteDispatched,
    VisitAssigned,
    WithdrawalReason,
)
from shared.events.registry import Event
from shared.events.routing import PlanCommitted, RoutePlanned
from shared.events.topics import DAYS, PLANS
from tests.dispatch.ledger import BrokenInvariantError, Ledger
from tests.drill.history import Assigned, Booked, Handled, History, Spoken
from tests.drill.violation import Violation

DISPATCH = "dispatch"


def i5_one_nurse_a_visit(history: History) -> Iterator[Violation]:
    """At most one standing assignment a visit; a nurse is at one place at a time."""
    for visit_id, times in Counter(row.visit_id for row in history.of(Assigned)).items():
        if times > 1:
            yield Violation("I5", f"Visit {visit_id} stands on {times} shifts.")
    yield from (broken for broken in _ledgers(history) if broken.invariant == "I5")


def i6_plans_in_order(history: History) -> Iterator[Violation]:
    """Plan versions go up by one; a route belongs to the plan that follows it; nothing superseded is dispatched."""
    for (topic, key), records in history.by_key.items():
        if topic == PLANS:
            yield from _plan_versions(key, records, history)
    yield from (broken for broken in _ledgers(history) if broken.invariant == "I6")


def _plan_versions(key: str, records: Sequence[Spoken], history: History) -> Iterator[Violation]:
    newest = 0
    for record in records:
        event = history.events[record.event_id]
        if isinstance(event, RoutePlanned | PlanCommitted) and event.plan_version != newest + 1:
            yield Violation("I6", f"Plan version {event.plan_version} of {key} follows {newest}.", (record,))
        if isinstance(event, PlanCommitted):
            newest = max(newest, event.plan_version)


def i11_cancelled_stays_cancelled(history: History) -> Iterator[Violation]:
    """Once dispatch has heard a cancellation, no plan hands the visit out, and at the end nobody has it."""
    cancelled = {row.visit_id for row in history.of(Booked) if row.cancelled}
    for row in history.of(Assigned):
        if row.visit_id in cancelled and row.progress in ("assigned", "accepted"):
            yield Violation("I11", f"Visit {row.visit_id} is cancelled and stands on shift {row.shift_id}.", (row,))
    yield from _handed_out_late(history)
    yield from (broken for broken in _ledgers(history) if broken.invariant == "I11")


def _handed_out_late(history: History) -> Iterator[Violation]:
    """Compare the order in which dispatch committed cancellations and plans with what the plans handed out."""
    commits = {row.event_id: row.commit for row in history.of(Handled) if row.room == DISPATCH and row.commit}
    heard: dict[str, float] = {}
    plans: dict[tuple[str, int], float] = {}
    for event_id, event in history.events.items():
        if isinstance(event, VisitCancelled) and event_id in commits:
            heard[str(event.visit_id)] = commits[event_id]
        if isinstance(event, PlanCommitted) and event_id in commits:
            plans[event.key(), event.plan_version] = commits[event_id]
    for (topic, key), records in history.by_key.items():
        if topic != DAYS:
            continue
        begun: set[str] = set()
        for record in records:
            event = history.events[record.event_id]
            if isinstance(event, NurseEnRoute):
                begun.add(str(event.visit_id))
            for visit_id in _handed_out(event):
                planned = plans.get((key, _plan_version(event)), 0.0)
                if visit_id not in begun and planned > heard.get(visit_id, float("inf")):
                    yield Violation("I11", f"Visit {visit_id} was handed out after its cancellation.", (record,))


def _handed_out(event: object) -> list[str]:
    match event:
        case VisitAssigned():
            return [str(event.visit_id)]
        case RouteDispatched():
            return [str(stop.visit_id) for stop in event.route.stops if stop.visit_id]
        case _:
            return []


def _plan_version(event: object) -> int:
    return event.plan_version if isinstance(event, VisitAssigned | RouteDispatched) else 0


def _ledgers(history: History) -> Iterator[Violation]:
    """Fold each day as a listener that only has its events, and yield the first contradiction of each."""
    for (topic, key), records in history.by_key.items():
        if topic != DAYS:
            continue
        ledger = Ledger()
        try:
            for record in records:
                _hear(ledger, history.events[record.event_id])
            ledger.settle()
        except BrokenInvariantError as broken:
            text = str(broken)
            number = text.partition(":")[0] if text.startswith("I") and ":" in text else "I5"
            yield Violation(number, f"{key}: {text}")


def _hear(ledger: Ledger, event: Event) -> None:
    if isinstance(event, RouteDispatched | VisitAssigned):
        ledger.plan_version = max(ledger.plan_version, event.plan_version)
    ledger.hear(event)
    if isinstance(event, AssignmentWithdrawn) and event.reason is WithdrawalReason.CANCELLED:
        ledger.cancelled.add(event.visit_id)
