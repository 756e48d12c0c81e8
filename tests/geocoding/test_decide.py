import pytest

from services.geocoding.domain.address import Answer, Candidate, Status
from services.geocoding.domain.decide import MOST_CANDIDATES, THRESHOLD, best_places, decide
from shared.events.geocoding import UnresolvedReason
from shared.events.values import MatchKind

DEGREES_OF_A_KILOMETRE = 0.009


def place(confidence: float, kilometres_north: float = 0.0, match: MatchKind = MatchKind.ADDRESS) -> Candidate:
    return Candidate(49.2 + kilometres_north * DEGREES_OF_A_KILOMETRE, -123.1, match, confidence, "somewhere")


def test_a_sure_candidate_is_the_place() -> None:
    answer = decide([place(0.6, 3), place(0.97)])

    assert answer.status is Status.RESOLVED
    assert answer.place == place(0.97)


def test_below_the_threshold_a_person_decides() -> None:
    answer = decide([place(THRESHOLD - 0.01)])

    assert (answer.status, answer.reason) == (Status.REVIEW, UnresolvedReason.LOW_CONFIDENCE)
    assert answer.candidates == (place(THRESHOLD - 0.01),)


def test_two_far_places_of_near_confidence_are_ambiguous() -> None:
    answer = decide([place(0.95), place(0.9, 2)])

    assert (answer.status, answer.reason) == (Status.REVIEW, UnresolvedReason.AMBIGUOUS)


def test_two_candidates_at_one_place_are_no_ambiguity() -> None:
    assert decide([place(0.95), place(0.95, 0.1)]).status is Status.RESOLVED


def test_a_street_alone_is_never_a_place() -> None:
    answer = decide([place(0.99, match=MatchKind.STREET)])

    assert answer.status is Status.REVIEW


def test_an_interpolated_number_needs_a_city_or_a_postcode() -> None:
    candidates = [place(0.82, match=MatchKind.INTERPOLATED)]

    assert decide(candidates, named=True).status is Status.RESOLVED
    assert decide(candidates, named=False).status is Status.REVIEW


def test_an_address_that_contradicts_itself_is_never_resolved() -> None:
    assert decide([place(1.0)], doubtful=True).status is Status.REVIEW


def test_no_candidates_means_not_found() -> None:
    answer = decide([])

    assert (answer.status, answer.reason, answer.candidates) == (Status.REVIEW, UnresolvedReason.NOT_FOUND, ())


def test_only_the_best_places_are_shown_best_first_and_each_once() -> None:
    candidates = [place(0.3 + step / 100, step) for step in range(10)]

    shown = best_places([*candidates, place(0.31, 9)])

    assert [candidate.confidence for candidate in shown] == [0.39, 0.38, 0.37, 0.36, 0.35]
    assert len(shown) == MOST_CANDIDATES


def test_a_resolved_answer_cannot_be_without_a_place() -> None:
    with pytest.raises(ValueError, match="needs its place"):
        Answer(Status.RESOLVED)


def test_an_unresolved_answer_cannot_be_without_a_reason() -> None:
    with pytest.raises(ValueError, match="has a reason"):
        Answer(Status.REVIEW)
