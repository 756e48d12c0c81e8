"""A street's name taken apart: direction, the name itself, type of street."""

import re
from dataclasses import dataclass
from functools import lru_cache

from services.geocoding.domain import vocabulary as words
from services.geocoding.domain.text import fold

_NUMBER = re.compile(r"\d{1,9}")
_LEADING_DIGITS = re.compile(r"\d{1,9}(?=\D)")


@dataclass(frozen=True, slots=True)
class StreetName:
    """A street's name in canonical short forms.

    Attributes:
        direction: ``n`` … ``sw``, whether it stood before or after the name; "" when there is none.
        core: the words that are neither direction nor type, written out; never empty unless the whole name is.
        suffix: the type of street (``ave``); "" when there is none.
        text: the three in that order, all words short: two spellings of one name have equal texts.
        written: all words short, in the order they were written.
    """

    direction: str
    core: str
    suffix: str
    text: str
    written: str


@lru_cache(maxsize=65_536)
def street_name(raw: str) -> StreetName:
    """Take a street's name apart, as written by anyone ("West 16th Avenue", "W. Sixteenth Av")."""
    return assemble(canonical_words(fold(raw).split()))


def assemble(tokens: list[str]) -> StreetName:
    """Build a name from canonical words (see ``canonical_words``)."""
    rest = list(tokens)
    direction = _take_direction(rest)
    suffix = rest.pop() if len(rest) > 1 and rest[-1] in words.SUFFIX_WORDS else ""
    if len(rest) > 1 or suffix:
        rest[0] = words.OPENINGS.get(rest[0], rest[0]) if _opens_a_name(rest, suffix) else rest[0]
    core = " ".join(words.LONG_FORMS.get(word, word) for word in rest)
    text = " ".join(part for part in (direction, *rest, suffix) if part)
    return StreetName(direction, core, suffix, text, " ".join(tokens))


def canonical_words(tokens: list[str]) -> list[str]:
    """Return folded words in canonical forms: ordinals as "16th", directions and types in their short form."""
    result: list[str] = []
    position = 0
    while position < len(tokens):
        word = tokens[position]
        following = tokens[position + 1] if position + 1 < len(tokens) else ""
        if word in words.TENS and words.ORDINALS.get(following, 10) < 10:  # noqa: PLR2004 - "twenty" + "third"
            result.append(_ordinal(words.TENS[word] + words.ORDINALS[following]))
            position += 2
            continue
        if word in {"north", "south", "n", "s"} and following in {"east", "west", "e", "w"}:
            result.append(word[0] + following[0])
            position += 2
            continue
        result.append(_canonical_word(word, result[-1] if result else ""))
        position += 1
    return result


def _canonical_word(word: str, before: str) -> str:
    if word in words.ORDINALS:
        return _ordinal(words.ORDINALS[word])
    if _NUMBER.fullmatch(word) and before not in words.ROUTE_WORDS:
        return _ordinal(int(word))
    return words.DIRECTIONS.get(word) or words.SUFFIXES.get(word) or word


def _ordinal(number: int) -> str:
    teens = 10 <= number % 100 <= 20  # noqa: PLR2004 - eleventh to thirteenth take "th"
    ending = "th" if teens else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def is_ordinal(word: str) -> bool:
    """Tell whether a word is a properly formed ordinal: "61st" is, "61th" can only be a typo."""
    digits = _LEADING_DIGITS.match(word)
    return digits is not None and word == _ordinal(int(digits[0]))


def _take_direction(tokens: list[str]) -> str:
    """Remove and return the direction before or after a name, unless it is the name ("North Street", "Avenue N")."""
    for end in (0, -1):
        others = tokens[1:] if end == 0 else tokens[:-1]
        if tokens and tokens[end] in words.DIRECTION_WORDS and any(word not in words.SUFFIX_WORDS for word in others):
            return tokens.pop(end)
    return ""


def _opens_a_name(rest: list[str], suffix: str) -> bool:
    """Tell whether the first word is a short form like "St" for Saint: it is when a name follows it."""
    return len(rest) > 1 or (bool(suffix) and rest[0] in {"mt", "ft"})
