"""Honest noise on addresses: what people who type an address into a booking form do to it."""

from random import Random

_ABBREVIATIONS = {
    "Street": "St",
    "Avenue": "Ave",
    "Boulevard": "Blvd",
    "Drive": "Dr",
    "Road": "Rd",
    "Place": "Pl",
    "Court": "Ct",
    "Lane": "Ln",
    "Crescent": "Cres",
    "Highway": "Hwy",
    "Parkway": "Pkwy",
    "Terrace": "Ter",
    "Square": "Sq",
    "Turnpike": "Tpke",
    "North": "N",
    "South": "S",
    "East": "E",
    "West": "W",
    "Northwest": "NW",
    "Northeast": "NE",
    "Southwest": "SW",
    "Southeast": "SE",
}
_SUFFIXES = frozenset(
    word for word in _ABBREVIATIONS if len(_ABBREVIATIONS[word]) > 1 and _ABBREVIATIONS[word].istitle()
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_UNITS = ("Apt {}", "#{}", "Unit {}", "Suite {}", "Apt. {}B", "Fl {}")


def with_typo(street: str, random: Random) -> str:
    """Return a street's name with one random insert, delete, substitution or swap, anywhere in it."""
    at = random.randrange(len(street))
    letter = random.choice(_LETTERS)
    match random.choice(("insert", "delete", "substitute", "transpose")):
        case "insert":
            return street[:at] + letter + street[at:]
        case "delete" if len(street) > 1:
            return street[:at] + street[at + 1 :]
        case "transpose" if len(street) > 1:
            at = min(at, len(street) - 2)
            return street[:at] + street[at + 1] + street[at] + street[at + 2 :]
        case _:
            return street[:at] + letter + street[at + 1 :]


def abbreviated(street: str) -> str:
    """Return a street's name with types and directions in their short forms."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in street.split())


def without_suffix(street: str) -> str:
    """Return a street's name without the type of street at its end, if it has one and is more than that."""
    words = street.split()
    short = {_ABBREVIATIONS[word] for word in _SUFFIXES}
    return " ".join(words[:-1]) if len(words) > 1 and words[-1] in _SUFFIXES | short else street


def with_unit(number: str, street: str, random: Random) -> str:
    """Return number and street with a unit behind or in front."""
    unit = random.choice(_UNITS).format(random.randrange(1, 40))
    return f"{number} {street} {unit}" if random.random() < 0.7 else f"{unit}, {number} {street}"
