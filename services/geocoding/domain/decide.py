"""From candidates to an answer: a place when there is one that can be trusted, and otherwise a person's decision."""

from collections.abc import Sequence

from services.geocoding.domain.address import Answer, Candidate, Status
from services.geocoding.domain.geometry import metres_between
from shared.events.geocoding import UnresolvedReason
from shared.events.values import MatchKind

THRESHOLD = 0.75
"""The least confidence that is believed without a person."""
MARGIN = 0.08
"""Another place this near in confidence makes the best one ambiguous."""
SAME_PLACE_METRES = 150.0
"""Candidates nearer than this are one place for a nurse who drives there."""
MOST_CANDIDATES = 5
LEAST_SHOWN = 0.25
"""A candidate below this helps nobody who looks at it."""

OUTSIDE = Answer(Status.OUTSIDE, reason=UnresolvedReason.OUTSIDE)
NOT_FOUND = Answer(Status.REVIEW, reason=UnresolvedReason.NOT_FOUND)
UNREADABLE = Answer(Status.REVIEW, reason=UnresolvedReason.UNREADABLE)


def decide(candidates: Sequence[Candidate], *, doubtful: bool = False, named: bool = True) -> Answer:
    """Return the answer that some candidates amount to.

    Args:
        candidates: in any order.
        doubtful: the address contradicts itself (a postcode of elsewhere beside a city of the area): never resolved.
        named: city or postcode was given. Without either, only a number that exists is believed.
    """
    places = best_places(candidates)
    if not places:
        return NOT_FOUND
    best = places[0]
    exact_enough = best.match is MatchKind.ADDRESS or (named and best.match is MatchKind.INTERPOLATED)
    if doubtful or not exact_enough or best.confidence < THRESHOLD:
        return Answer(Status.REVIEW, places, UnresolvedReason.LOW_CONFIDENCE)
    if any(other.confidence >= best.confidence - MARGIN for other in places[1:]):
        return Answer(Status.REVIEW, places, UnresolvedReason.AMBIGUOUS)
    return Answer(Status.RESOLVED, places)


def best_places(candidates: Sequence[Candidate], first: Candidate | None = None) -> tuple[Candidate, ...]:
    """Return the best few candidates, best first, one for each place.

    Args:
        candidates: in any order.
        first: one that stands first, whatever the others' confidence.
    """
    kept: list[Candidate] = [first] if first else []
    for candidate in sorted(candidates, key=_confidence, reverse=True):
        if candidate.confidence < LEAST_SHOWN or len(kept) == MOST_CANDIDATES:
            break
        if all(_apart(candidate, other) for other in kept):
            kept.append(candidate)
    return tuple(kept)


def _confidence(candidate: Candidate) -> float:
    return candidate.confidence


def _apart(one: Candidate, other: Candidate) -> bool:
    return metres_between(one.lat, one.lon, other.lat, other.lon) > SAME_PLACE_METRES
