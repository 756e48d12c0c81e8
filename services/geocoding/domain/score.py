"""How sure a match is: 1 for an address found exactly as written, minus a price for each thing that differs.

The prices below were set so that one typo in the street, a missing type or direction, or an interpolated number is
believed when nothing else is wrong, and any two of the doubtful things together go to a person. See
``decide.THRESHOLD`` for the line between the two.
"""

from functools import lru_cache

from rapidfuzz.distance import OSA

from services.geocoding.domain.street_name import StreetName, is_ordinal
from services.geocoding.domain.vocabulary import DIRECTION_WORDS, SUFFIX_WORDS
from shared.events.values import MatchKind

EDITS = (0.0, 0.10, 0.22, 0.36, 0.50)
"""Price by number of single-character edits (insert, delete, substitute, swap) between the names."""
MOST_EDITS = len(EDITS) - 1
SHORT_NAME = 0.30
"""Extra price per edit in each letter of the name beyond a quarter of it: "Oa" may be many a street."""
DIRECTION_MISSING = 0.06
SISTER_STREET = 0.22
"""Further, when neither direction nor postcode was given and both East and West 10th may have the number."""
DIRECTION_EXTRA = 0.22
DIRECTION_PARTLY = 0.16
"""One of the two is a part of the other: "NW" for "W"."""
DIRECTION_WRONG = 0.30
SUFFIX_MISSING = 0.04
SUFFIX_EXTRA = 0.10
SUFFIX_WRONG = 0.15
"""There is no such road, but there is such a drive."""
SUFFIX_WRONG_NUMBERED = 0.30
"""Numbered streets are told apart by their types: 112th Road is not 112th Drive, whether or not the map has both."""
OTHER_ORDINAL = 0.10
"""Extra, when both names are proper ordinals: "88th" is a street of its own sooner than "8th" misspelt."""
HOPELESS = 1.0

KINDS = {MatchKind.ADDRESS: 0.0, MatchKind.INTERPOLATED: 0.18, MatchKind.STREET: 0.40}
"""Price of not having the number itself. A street alone is never a place: it stays below every threshold."""
NUMBER_NEARBY = 0.06
"""The building is there but not the letter: "12B" found at "12"."""
NUMBER_REREAD = 0.04
"""The number was found by another reading: "305-1335" as number 1335, "21921" as "219-21"."""
OTHER_NAME_EXISTS = 0.16
"""The street as written exists, but without such a number; another street has it."""

POSTCODE_DIFFERS = 0.10
PLACE_DIFFERS = 0.10
GUESSED_DIFFERS = 0.04
"""As the two before, where the map's own postcode or city was filled in from neighbours."""
PLACE_UNKNOWN = 0.05
"""The postcode is the area's; the city is not one of its names."""
NOWHERE_NAMED = 0.05
"""Neither city nor postcode was given."""


def street_price(asked: StreetName, known: StreetName) -> float:
    """Return the price of taking one street for another; ``HOPELESS`` when they are nothing alike.

    A typo may strike the name, the direction or the type, in its long form or its short one. What could not be
    recognised as direction or type when the address was taken apart is part of ``asked.core``, so the core is compared
    with the known one alone and with each form of what the asked name lacks.
    """
    if asked.text == known.text:
        return 0.0
    direction, suffix = _direction_price(asked, known), _suffix_price(asked, known)
    cheapest = HOPELESS
    for text, missing in _texts(known, direction=not asked.direction, suffix=not asked.suffix):
        cheapest = min(cheapest, _edit_price(asked.core, text, len(asked.text)) + missing)
    cheapest += direction + suffix
    if not (_clash(asked.direction, known.direction) or _clash(asked.suffix, known.suffix)):
        cheapest = min(cheapest, _edit_price(asked.written, known.written, len(asked.written)))
        if known.suffix and not asked.suffix:
            bare = known.written.removesuffix(f" {known.suffix}")
            cheapest = min(cheapest, _edit_price(asked.written, bare, len(asked.written)) + SUFFIX_MISSING)
    if known.core != asked.core and is_ordinal(known.core) and is_ordinal(asked.core):
        cheapest += OTHER_ORDINAL
    return min(HOPELESS, cheapest)


def _clash(asked: str, known: str) -> bool:
    """Tell whether both names have a direction (or a type) and not the same: "Dr" is no typo for "Rd"."""
    return bool(asked and known) and asked != known


def _direction_price(asked: StreetName, known: StreetName) -> float:
    if not asked.direction or asked.direction == known.direction:
        return 0.0
    if not known.direction:
        return DIRECTION_EXTRA
    partly = asked.direction in known.direction or known.direction in asked.direction
    return DIRECTION_PARTLY if partly else DIRECTION_WRONG


def _suffix_price(asked: StreetName, known: StreetName) -> float:
    if not asked.suffix or asked.suffix == known.suffix:
        return 0.0
    if not known.suffix:
        return SUFFIX_EXTRA
    return SUFFIX_WRONG_NUMBERED if known.core[:1].isdigit() else SUFFIX_WRONG


def _edit_price(one: str, other: str, length: int) -> float:
    edits = OSA.distance(one, other, score_cutoff=MOST_EDITS)
    if edits > MOST_EDITS:
        return HOPELESS
    return EDITS[edits] + SHORT_NAME * max(0.0, edits / max(length, 1) - 0.25)


@lru_cache(maxsize=262_144)
def _texts(known: StreetName, *, direction: bool, suffix: bool) -> tuple[tuple[str, float], ...]:
    """Return the texts an asked core may be meant as, with the price of what they leave out.

    Args:
        known: the street on the map.
        direction: the asked name has no recognised direction, so it may hide in the core, misspelt.
        suffix: likewise for the type of street.
    """
    before = [("", DIRECTION_MISSING if direction and known.direction else 0.0)]
    if direction and known.direction:
        before += [(f"{known.direction} ", 0.0), (f"{DIRECTION_WORDS[known.direction]} ", 0.0)]
    after = [("", SUFFIX_MISSING if suffix and known.suffix else 0.0)]
    if suffix and known.suffix:
        after += [(f" {form}", 0.0) for form in {known.suffix, SUFFIX_WORDS[known.suffix]}]
    return tuple((f"{left}{known.core}{right}", lack + lost) for left, lack in before for right, lost in after)
