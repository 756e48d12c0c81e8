"""The end of an address line: country, postcode, state."""

import re
from enum import IntEnum
from typing import NamedTuple

from services.geocoding.domain import vocabulary as words
from services.geocoding.domain.area import AreaProfile
from services.geocoding.domain.regions import COUNTRIES, PROVINCES, STATES, postcode
from services.geocoding.domain.text import fold

_ZIP_AT_END = re.compile(r"(?:^|\s)(\d{5}(?:-\d{4})?)$")
_CANADIAN = re.compile(r"\b([a-z]\d[a-z][ -]?\d[a-z]\d)\b", re.IGNORECASE)
_LONGEST_NAME = 4
"""Words in the longest name of a state, province or country ("United States of America")."""
_STREET_WORDS = 3
"""Words that a line without commas keeps at the least: a number, a name, and what follows it."""
_ALSO_A_STREET_WORD = frozenset({"ct", "ne"})
"""State codes that end street names as well: Court, Northeast."""


class Locality(NamedTuple):
    """What an address says about where its street lies."""

    places: tuple[str, ...] = ()
    state: str | None = None
    postcode: str | None = None
    state_doubtful: bool = False
    """Whether what was read as a state may be the end of the street's name, misspelt ("909 Cordova Sk")."""


def take_locality(segments: list[str], area: AreaProfile, *, believe_state: bool = True) -> Locality:
    """Take country, postcode and state off the end of a line's segments, in place; return what they said.

    Args:
        segments: the parts of the line between commas.
        area: helps to see where a city ends and a state begins.
        believe_state: whether to take a doubtful state for one.
    """
    _take_country(segments)
    code = _take_postcode(segments)
    _take_country(segments)
    state, sure = _take_state(segments, area, after_postcode=code is not None, believe=believe_state)
    if code is None:
        code = _take_postcode(segments)
    return Locality((), state, code, state is not None and not sure)


def _take_country(segments: list[str]) -> None:
    if not segments:
        return
    tokens = fold(segments[-1]).split()
    for length in range(min(_LONGEST_NAME, len(tokens)), 0, -1):
        whole = length == len(tokens)
        if " ".join(tokens[-length:]) in COUNTRIES and (len(segments) > 1 if whole else len(tokens) > _STREET_WORDS):
            _keep(segments, tokens[:-length], dropped=length)
            return


def _take_postcode(segments: list[str]) -> str | None:
    for at in range(len(segments) - 1, -1, -1):
        if match := _CANADIAN.search(segments[at]):
            segments[at] = f"{segments[at][: match.start()].strip()} {segments[at][match.end() :].strip()}".strip()
        elif (match := _ZIP_AT_END.search(segments[at])) and (at > 0 or match.start() > 0):
            segments[at] = segments[at][: match.start()].strip()
        else:
            continue
        if not segments[at]:
            del segments[at]
        return postcode(match[1])
    return None


class _Belief(IntEnum):
    NO = 0
    MAYBE = 1
    SURE = 2


def _take_state(
    segments: list[str], area: AreaProfile, *, after_postcode: bool, believe: bool
) -> tuple[str | None, bool]:
    """Return the state's code and whether it is surely one."""
    tokens = fold(segments[-1]).split() if segments else []
    for length in range(min(_LONGEST_NAME, len(tokens)), 0, -1):
        name, head = " ".join(tokens[-length:]), tokens[:-length]
        code = STATES.get(name)
        if code is None:
            continue
        belief = _is_state(name, head, area, alone=len(segments) == 1, after_postcode=after_postcode)
        if belief is _Belief.SURE or (belief is _Belief.MAYBE and believe):
            _keep(segments, head, dropped=length)
            return (_take_province(segments) or code) if name == "ca" else code, belief is _Belief.SURE
    return None, False


def _take_province(segments: list[str]) -> str | None:
    """Take a province's code before a "CA" that then means Canada ("Vancouver, BC, CA")."""
    tokens = fold(segments[-1]).split() if segments else []
    code = STATES.get(tokens[-1]) if tokens and len(tokens[-1]) == len("bc") else None
    if code not in PROVINCES:
        return None
    _keep(segments, tokens[:-1], dropped=1)
    return code


def _is_state(name: str, head: list[str], area: AreaProfile, *, alone: bool, after_postcode: bool) -> _Belief:
    """Judge whether a state's name at the end of the line is meant as the state."""
    if name in area.place_names and not head:
        return _Belief.NO
    if not alone:
        return _Belief.SURE
    if len(head) < _STREET_WORDS:
        return _Belief.NO
    if name in _ALSO_A_STREET_WORD:
        direction = name in words.DIRECTIONS and head[-1] in words.SUFFIXES
        return _Belief.SURE if after_postcode and not direction else _Belief.NO
    behind_place = any(" ".join(head[at:]) in area.place_names for at in range(1, len(head)))
    if after_postcode or behind_place or head[-1] in words.SUFFIXES:
        return _Belief.SURE
    return _Belief.MAYBE if len(name) == len("WA") else _Belief.NO


def _keep(segments: list[str], head: list[str], *, dropped: int) -> None:
    """Cut the last words off the last segment; the segment goes when nothing is left."""
    if not head:
        segments.pop()
        return
    pieces = segments[-1]
    for _ in range(dropped):
        pieces = re.sub(r"[\s,]*[^\s,]+[\s,.]*$", "", pieces)
    segments[-1] = pieces
