"""Codes as words for the dispatcher."""

from services.board.domain.progress import Status
from shared.events.dispatch import MissReason
from shared.events.geocoding import UnresolvedReason
from shared.events.values import MatchKind

_STATUS = {
    Status.PLANNED: "planned",
    Status.ACCEPTED: "accepted",
    Status.EN_ROUTE: "en route",
    Status.ARRIVED: "at the door",
    Status.DONE: "done",
    Status.MISSED: "could not do",
    Status.WITHDRAWN: "taken back",
}
_REVIEW = {
    UnresolvedReason.OUTSIDE: "Lies outside the area",
    UnresolvedReason.AMBIGUOUS: "Fits several places",
    UnresolvedReason.LOW_CONFIDENCE: "Fits no place well enough",
    UnresolvedReason.NOT_FOUND: "Not found on the map",
    UnresolvedReason.UNREADABLE: "Cannot be read",
}
_MISSED = {
    MissReason.NOT_HOME: "nobody home",
    MissReason.REFUSED: "patient refused",
    MissReason.NOT_READY: "patient not ready",
    MissReason.UNSAFE: "not safe",
    MissReason.NO_ACCESS: "no way in",
    MissReason.OTHER: "other reason",
}
_MATCH = {
    MatchKind.ADDRESS: "exact address",
    MatchKind.INTERPOLATED: "between house numbers",
    MatchKind.STREET: "street only",
    MatchKind.PINNED: "pinned by hand",
}


def status(code: Status) -> str:
    """Return where a visit stands."""
    return _STATUS[code]


def review_reason(code: UnresolvedReason) -> str:
    """Return why an address has no place."""
    return _REVIEW[code]


def miss_reason(code: MissReason) -> str:
    """Return why a visit could not be done."""
    return _MISSED[code]


def match(code: MatchKind) -> str:
    """Return how exactly a place was found."""
    return _MATCH[code]
