"""In which order a nurse may say what, and what she is told."""

import datetime as dt
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.dispatch.domain.acts import Act, ActCommand, require_hers, take_act
from services.dispatch.domain.day import Assignment, Progress
from shared.errors import Problem
from shared.events.dispatch import (
    ActEvent,
    AssignmentAccepted,
    MissReason,
    NurseArrived,
    NurseEnRoute,
    VisitCompleted,
    VisitMissed,
)
from shared.events.ids import EventId
from tests.dispatch.floor import AREA, DATE, MINUTE, at, bare_shift, visit

ANN, BEA = bare_shift(1), bare_shift(2)
ZONE = ZoneInfo("America/New_York")
NOW = at(10)


def standing(progress: Progress = Progress.ASSIGNED, number: int = 1, last: dt.datetime | None = None) -> Assignment:
    """A visit of Ann's, planned for 8:15."""
    return Assignment(
        visit_id=visit(number),
        shift_id=ANN.shift_id,
        nurse_id=ANN.nurse_id,
        nurse_ref=ANN.nurse_ref,
        area_id=AREA,
        date=DATE,
        arrival=at(15),
        start=at(15),
        end=at(35),
        progress=progress,
        en_route_at=last,
    )


def take(
    act: Act,
    progress: Progress,
    *,
    under_way: Assignment | None = None,
    when: dt.datetime | None = None,
    reason: MissReason | None = None,
    last: dt.datetime | None = None,
) -> ActEvent | None:
    command = ActCommand(EventId(UUID(int=7)), visit(1), ANN.nurse_id, act, when, reason)
    return take_act(command, standing(progress, last=last), under_way, at(0), ZONE, NOW)


@pytest.mark.parametrize(
    ("act", "progress", "event"),
    [
        (Act.ACCEPT, Progress.ASSIGNED, AssignmentAccepted),
        (Act.EN_ROUTE, Progress.ASSIGNED, NurseEnRoute),
        (Act.EN_ROUTE, Progress.ACCEPTED, NurseEnRoute),
        (Act.ARRIVED, Progress.EN_ROUTE, NurseArrived),
        (Act.DONE, Progress.ARRIVED, VisitCompleted),
    ],
)
def test_the_order_of_a_visit(act: Act, progress: Progress, event: type[ActEvent]) -> None:
    happened = take(act, progress)
    assert type(happened) is event
    assert (happened.visit_id, happened.nurse_id, happened.at) == (visit(1), ANN.nurse_id, NOW)
    assert happened.key() == "maple:2030-05-06"


@pytest.mark.parametrize("progress", [Progress.ASSIGNED, Progress.ACCEPTED, Progress.EN_ROUTE, Progress.ARRIVED])
def test_a_visit_that_is_not_over_can_be_missed_with_a_reason(progress: Progress) -> None:
    happened = take(Act.MISSED, progress, reason=MissReason.NOT_HOME)
    assert isinstance(happened, VisitMissed)
    assert happened.reason is MissReason.NOT_HOME


@pytest.mark.parametrize(
    ("act", "reason"), [(Act.MISSED, None), (Act.ACCEPT, MissReason.OTHER)], ids=["missing", "out of place"]
)
def test_a_reason_goes_with_missed_and_with_nothing_else(act: Act, reason: MissReason | None) -> None:
    with pytest.raises(Problem) as caught:
        take(act, Progress.ASSIGNED, reason=reason)
    assert caught.value.fields[0].field == "reason"


@pytest.mark.parametrize(
    ("act", "progress"),
    [
        (Act.ACCEPT, Progress.ACCEPTED),
        (Act.ACCEPT, Progress.ARRIVED),
        (Act.EN_ROUTE, Progress.EN_ROUTE),
        (Act.EN_ROUTE, Progress.DONE),
        (Act.ARRIVED, Progress.ARRIVED),
        (Act.DONE, Progress.DONE),
    ],
)
def test_an_act_that_the_visit_has_behind_it_changes_nothing(act: Act, progress: Progress) -> None:
    assert take(act, progress) is None


def test_missed_again_changes_nothing() -> None:
    assert take(Act.MISSED, Progress.MISSED, reason=MissReason.OTHER) is None


@pytest.mark.parametrize(
    ("act", "progress", "sentence"),
    [
        (Act.ARRIVED, Progress.ACCEPTED, "Say that you are en route first."),
        (Act.DONE, Progress.ASSIGNED, "Say that you are en route first."),
        (Act.DONE, Progress.EN_ROUTE, "This visit is en route; done comes later. Say that you have arrived first."),
    ],
)
def test_an_act_that_skips_one_is_refused_and_says_which(act: Act, progress: Progress, sentence: str) -> None:
    with pytest.raises(Problem) as caught:
        take(act, progress)
    assert (caught.value.status, caught.value.slug) == (409, "out-of-order")
    assert sentence in caught.value.detail


@pytest.mark.parametrize(
    ("act", "progress", "reason"),
    [
        (Act.MISSED, Progress.DONE, MissReason.OTHER),
        (Act.DONE, Progress.MISSED, None),
        (Act.ACCEPT, Progress.MISSED, None),
    ],
)
def test_a_visit_that_is_over_stays_over(act: Act, progress: Progress, reason: MissReason | None) -> None:
    with pytest.raises(Problem) as caught:
        take(act, progress, reason=reason)
    assert (caught.value.status, caught.value.slug) == (409, "visit-over")


def test_a_second_visit_under_way_is_refused_and_the_first_is_named() -> None:
    with pytest.raises(Problem) as caught:
        take(Act.EN_ROUTE, Progress.ACCEPTED, under_way=standing(Progress.ARRIVED, number=2))
    assert (caught.value.status, caught.value.slug) == (409, "another-under-way")
    assert "at another visit, planned for 08:15" in caught.value.detail
    assert str(visit(2)) in caught.value.fields[0].message
    assert str(visit(2)) not in caught.value.detail  # the nurse reads it


def test_a_visit_may_be_accepted_or_missed_while_another_is_under_way() -> None:
    other = standing(Progress.EN_ROUTE, number=2)
    assert isinstance(take(Act.ACCEPT, Progress.ASSIGNED, under_way=other), AssignmentAccepted)
    missed = take(Act.MISSED, Progress.ASSIGNED, under_way=other, reason=MissReason.REFUSED)
    assert isinstance(missed, VisitMissed)


def test_the_phones_time_is_taken() -> None:
    happened = take(Act.EN_ROUTE, Progress.ASSIGNED, when=at(3))
    assert happened is not None
    assert happened.at == at(3)


@pytest.mark.parametrize(
    ("when", "last", "sentence"),
    [
        (NOW + 6 * MINUTE, None, "lies in the future"),
        (at(0) - dt.timedelta(hours=49), None, "long before the shift"),
        (at(4), at(5), "before the act before it"),
    ],
)
def test_a_time_that_cannot_be_is_refused(when: dt.datetime, last: dt.datetime | None, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence) as caught:
        take(Act.MISSED, Progress.ACCEPTED, when=when, last=last, reason=MissReason.OTHER)
    assert caught.value.fields[0].field == "at"


def test_a_phone_may_run_five_minutes_ahead() -> None:
    happened = take(Act.EN_ROUTE, Progress.ASSIGNED, when=NOW + 5 * MINUTE)
    assert happened is not None
    assert happened.at == NOW + 5 * MINUTE


def test_without_a_time_an_act_is_never_before_the_one_before_it() -> None:
    happened = take(Act.ARRIVED, Progress.EN_ROUTE, last=NOW + 4 * MINUTE)
    assert happened is not None
    assert happened.at == NOW + 4 * MINUTE


@pytest.mark.parametrize("held", [None, standing()], ids=["withdrawn", "another nurse's"])
def test_a_visit_that_is_not_hers_is_refused(held: Assignment | None) -> None:
    with pytest.raises(Problem) as caught:
        require_hers(held, BEA.nurse_id)
    assert (caught.value.status, caught.value.slug) == (409, "not-yours")
    assert caught.value.title == "This visit is no longer yours"
