"""Addresses the way patients write them: shortened, misspelt, with the unit in the wrong place, without a ZIP code."""

from dataclasses import dataclass
from random import Random

from services.sample.addresses import Address

_SHORT = {
    "Street": "St", "Avenue": "Ave", "Road": "Rd", "Drive": "Dr", "Boulevard": "Blvd", "Court": "Ct", "Lane": "Ln",
    "Place": "Pl", "Circle": "Cir", "Parkway": "Pkwy", "Trail": "Trl", "Turnpike": "Tpke", "Expressway": "Expy",
    "Terrace": "Ter", "North": "N", "South": "S", "East": "E", "West": "W", "Mount": "Mt", "Saint": "St",
}  # fmt: skip
_DIRECTIONS = frozenset({"North", "South", "East", "West"})
_UNITS = ("2", "3B", "12", "4A", "101", "B", "204")
_NEIGHBOUR_KEYS = {"a": "s", "e": "r", "i": "o", "o": "p", "n": "m", "t": "r", "l": "k", "r": "t", "s": "d", "d": "f"}
_SPELLABLE = 5  # letters a word must have to be misspelt and still be known


@dataclass(frozen=True)
class Written:
    """An address as it stands in a booking."""

    address: str
    unit: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""


def written(address: Address, rng: Random) -> Written:
    """Write `address` as a patient might; most are right, some are short, few are wrong."""
    words = address.street.split()
    if rng.random() < 0.6:  # noqa: PLR2004 - shares are given where they are used, here and below
        words = [_SHORT.get(word, word) for word in words]
    if rng.random() < 0.12:  # noqa: PLR2004
        words = _misspelt(words, rng)
    line = f"{address.number} {' '.join(words)}"
    line = rng.choices((line, line.lower(), line.upper(), f"{line}."), (90, 5, 3, 2))[0]
    unit = address.unit or (rng.choice(_UNITS) if rng.random() < 0.06 else "")  # noqa: PLR2004
    label = f"{rng.choice(('Apt ', 'Unit ', '#'))}{unit}" if unit else ""
    if label and rng.random() < 0.4:  # noqa: PLR2004
        line, label = f"{line} {label}", ""
    postcode = "" if rng.random() < 0.15 else address.postcode  # noqa: PLR2004
    city = "" if postcode and rng.random() < 0.04 else address.city  # noqa: PLR2004
    return Written(line, label, city, address.state, postcode)


def _misspelt(words: list[str], rng: Random) -> list[str]:
    """One wrong keystroke in the longest word."""
    longest = max(range(len(words)), key=lambda k: len(words[k]))
    word = words[longest]
    if len(word) < _SPELLABLE or not word.isalpha():
        return words
    at = rng.randrange(1, len(word) - 1)
    wrong = rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + _NEIGHBOUR_KEYS.get(word[at], "e") + word[at + 1 :],
        )
    )
    return [*words[:longest], wrong, *words[longest + 1 :]]


_ELSEWHERE = (
    Written("1420 Ocean Park Blvd", "", "Santa Monica", "CA", "90405"),
    Written("88 Congress St", "Apt 5", "Portland", "ME", "04101"),
    Written("2915 Clairmont Ave", "", "Decatur", "GA", "30030"),
    Written("604 Navarro St", "", "San Antonio", "TX", "78205"),
    Written("317 Forbes Ave", "", "Pittsburgh", "PA", "15222"),
)


def elsewhere(state: str, rng: Random) -> Written:
    """An address in another state than `state`."""
    return rng.choice([place for place in _ELSEWHERE if place.state != state])


def is_directed(address: Address) -> bool:
    """Whether the street has a direction before its name, which makes it one of two or more."""
    return address.street.split()[0] in _DIRECTIONS


def undirected(address: Address) -> Written:
    """A directed `address` without its direction and its ZIP code: it may be any of several streets."""
    return Written(f"{address.number} {address.street.split(maxsplit=1)[1]}", "", address.city, address.state)


def nowhere(address: Address, streets: frozenset[str], turn: int) -> Written:
    """An address in the city of `address` that no map has; `turn` picks what is wrong with it.

    `streets` are the streets there are: a made-up name is never one of them.
    """
    made_up = next(name for name in ("Larkspur Quay", "Nightjar Mews", "Quillfeather Row") if name not in streets)
    line = (f"{117 + 10 * turn} {made_up}", f"{98000 + turn} {address.street}", f"PO Box {4400 + turn}")[turn % 3]
    return Written(line, "", address.city, address.state, address.postcode)
