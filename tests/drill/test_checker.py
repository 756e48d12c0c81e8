"""The checker passes what is right, and finds every fault that is planted into it."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.events.booking import VisitCancelled, VisitRequested
from shared.events.dispatch import AssignmentWithdrawn, RouteDispatched, VisitAssigned
from shared.events.routing import PlanCommitted, RoutePlanned
from tests.drill.checker import INVARIANTS, check
from tests.drill.days_past import right_histories
from tests.drill.history import (
    Assigned,
    Booked,
    Effect,
    Handled,
    Healed,
    History,
    Known,
    Leak,
    Line,
    Operation,
    Said,
    Spoken,
)

QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@QUICK
@given(right_histories())
def test_what_is_right_passes(history: History) -> None:
    assert check(history) == []


@QUICK
@given(history=right_histories())
def test_a_history_survives_being_written(tmp_path_factory: pytest.TempPathFactory, history: History) -> None:
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    history.write(path)
    assert History.read(path) == History(list(history.lines))


def spoken(history: History, *kinds: type) -> list[Spoken]:
    return [record for record in history.first_heard if isinstance(history.events[record.event_id], kinds)]


def moved(record: Spoken, **changes: object) -> Spoken:
    """Return another event like this one, at the end of its topic."""
    update = {"offset": 10_000, "event_id": f"another {record.event_id}", **changes}
    return record.model_copy(update=update)


def renumbered(record: Spoken, **changes: object) -> Spoken:
    return record.model_copy(update={"body": {**record.body, **changes}})


def swapped(history: History, line: Line, other: Line | None) -> History:
    return history.but(*([other] if other else []), without=[line])


def lose_a_booking(history: History) -> History:
    return swapped(history, history.of(Booked)[0], None)


def undo_a_change(history: History) -> History:
    asked = history.of(Operation)[0]
    return history.but(asked.model_copy(update={"act": "reschedule", "answers": (), "version": 99}))


def undo_a_cancellation(history: History) -> History:
    row = history.of(Booked)[0]
    cancel = history.of(Operation)[0].model_copy(update={"act": "cancel", "visit_id": row.visit_id})
    kept = row.model_copy(update={"cancelled": False, "answer": "assigned"})
    return swapped(history, row, kept).but(cancel)


def answer_a_key_twice(history: History) -> History:
    asked = history.of(Operation)[0]
    return swapped(history, asked, asked.model_copy(update={"answers": (*asked.answers, "another")}))


def book_a_key_twice(history: History) -> History:
    row = history.of(Booked)[0]
    return history.but(row.model_copy(update={"booking_id": "another", "reference": None}))


def skip_a_version(history: History) -> History:
    record = spoken(history, VisitRequested)[0]
    return swapped(history, record, renumbered(record, aggregate_version=7))


def turn_two_versions_round(history: History) -> History:
    record = spoken(history, RouteDispatched, VisitAssigned)[0]
    return swapped(history, record, record.model_copy(update={"offset": 10_000}))


def remember_an_old_version(history: History) -> History:
    row = history.of(Known)[0]
    return swapped(history, row, row.model_copy(update={"version": row.version - 1}))


def see_a_version_backwards(history: History) -> History:
    effect = history.of(Effect)[0]
    later = effect.model_copy(update={"n": 10_000, "version": 0, "event_id": "another"})
    return history.but(later)


def handle_an_event_twice(history: History) -> History:
    return history.but(history.of(Effect)[0])


def lose_an_effect(history: History) -> History:
    return swapped(history, history.of(Effect)[0], None)


def forget_to_handle(history: History) -> History:
    said = {record.event_id for record in spoken(history, RoutePlanned, VisitCancelled)}
    return swapped(history, next(row for row in history.of(Handled) if row.event_id in said), None)


def enter_the_inbox_twice(history: History) -> History:
    return history.but(history.of(Handled)[0])


def give_a_visit_two_shifts(history: History) -> History:
    row = history.of(Assigned)[0]
    return history.but(row.model_copy(update={"shift_id": "another"}))


def assign_to_a_second_nurse(history: History) -> History:
    assigned = spoken(history, VisitAssigned)
    held = {visit.visit_id for visit in history.of(Assigned)}
    record = next(each for each in assigned if each.body["visit_id"] in held)
    last = max(int(each.body["aggregate_version"]) for each in history.first_heard if each.topic == record.topic)
    newest = max(int(each.body["plan_version"]) for each in assigned)
    other = "01976d6e-0000-7000-8000-00000000ffff"
    changes = {"aggregate_version": last + 1, "shift_id": other, "plan_version": newest}
    return history.but(renumbered(moved(record), **changes))


def skip_a_plan(history: History) -> History:
    record = spoken(history, PlanCommitted)[0]
    return swapped(history, record, renumbered(record, plan_version=9))


def dispatch_what_is_superseded(history: History) -> History:
    record = spoken(history, RouteDispatched)[0]
    last = max(int(each.body["aggregate_version"]) for each in history.first_heard if each.topic == record.topic)
    return history.but(renumbered(moved(record), aggregate_version=last + 1, plan_version=0))


def keep_an_event_back(history: History) -> History:
    row = history.of(Said)[0]
    return swapped(history, row, row.model_copy(update={"published": False}))


def lose_an_event_on_the_way(history: History) -> History:
    row = history.of(Said)[0]
    return history.but(row.model_copy(update={"event_id": "another"}))


def publish_what_nobody_said(history: History) -> History:
    return swapped(history, history.of(Said)[0], None)


def never_come_to_rest(history: History) -> History:
    row = history.of(Healed)[0]
    return swapped(history, row, row.model_copy(update={"waiting": {"outbox of booking": 3}}))


def come_to_rest_late(history: History) -> History:
    row = history.of(Healed)[0]
    return swapped(history, row, row.model_copy(update={"seconds": 61.0}))


def leave_a_booking_without_an_answer(history: History) -> History:
    row = history.of(Booked)[0]
    return swapped(history, row, row.model_copy(update={"answer": None, "cancelled": False}))


def tell_two_stories(history: History) -> History:
    row = next(row for row in history.of(Booked) if row.shift_id)
    return swapped(history, row, row.model_copy(update={"shift_id": "another"}))


def bury_a_record(history: History) -> History:
    record = history.of(Spoken)[0]
    return history.but(record.model_copy(update={"topic": f"{record.topic}.dlt"}))


def sing(history: History) -> History:
    return history.but(Leak(where="the log of booking"))


def keep_a_cancelled_visit(history: History) -> History:
    row = next(row for row in history.of(Booked) if not row.cancelled)
    gone = row.model_copy(update={"cancelled": True, "answer": None, "shift_id": None})
    return swapped(history, row, gone)


def hand_out_after_the_cancellation(history: History) -> History:
    """Let dispatch have committed the cancellation before the plan that hands the visit out."""
    withdrawn = {record.body["visit_id"] for record in spoken(history, AssignmentWithdrawn)}
    record = next(each for each in spoken(history, VisitCancelled) if each.body["visit_id"] in withdrawn)
    row = next(row for row in history.of(Handled) if row.event_id == record.event_id)
    return swapped(history, row, row.model_copy(update={"commit": 0.5}))


PLANTED: Sequence[tuple[str, Callable[[History], History]]] = [
    ("I1", lose_a_booking),
    ("I1", undo_a_change),
    ("I1", undo_a_cancellation),
    ("I2", answer_a_key_twice),
    ("I2", book_a_key_twice),
    ("I3", skip_a_version),
    ("I3", turn_two_versions_round),
    ("I3", remember_an_old_version),
    ("I3", see_a_version_backwards),
    ("I4", handle_an_event_twice),
    ("I4", lose_an_effect),
    ("I4", forget_to_handle),
    ("I4", enter_the_inbox_twice),
    ("I5", give_a_visit_two_shifts),
    ("I5", assign_to_a_second_nurse),
    ("I6", skip_a_plan),
    ("I6", dispatch_what_is_superseded),
    ("I7", keep_an_event_back),
    ("I7", lose_an_event_on_the_way),
    ("I7", publish_what_nobody_said),
    ("I7", never_come_to_rest),
    ("I7", come_to_rest_late),
    ("I7", leave_a_booking_without_an_answer),
    ("I7", tell_two_stories),
    ("I7", bury_a_record),
    ("I10", sing),
    ("I11", keep_a_cancelled_visit),
    ("I11", hand_out_after_the_cancellation),
]
WITH_ALL_FATES = right_histories(least=3).filter(
    lambda history: (
        any(isinstance(event, AssignmentWithdrawn) for event in history.events.values()) and bool(history.of(Assigned))
    )
)


@pytest.mark.parametrize(("invariant", "plant"), PLANTED, ids=[plant.__name__ for _, plant in PLANTED])
@settings(QUICK, max_examples=8)
@given(data=st.data())
def test_a_planted_fault_is_found(invariant: str, plant: Callable[[History], History], data: st.DataObject) -> None:
    history = plant(data.draw(WITH_ALL_FATES))
    assert invariant in {violation.invariant for violation in check(history)}


def test_every_invariant_that_is_checked_has_a_planted_fault() -> None:
    assert {name for name, _ in PLANTED} == {each.name for each in INVARIANTS if each.checks}
