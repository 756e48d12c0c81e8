"""House numbers: "219-21" (Queens), "12A", "12 1/2", ranges and lists."""

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST_RANGE = 40
"""A wider "range" is a unit and a number written as one ("305-1335 Howe Street"), not a building."""

_FRACTIONS = str.maketrans(
    {
        "\N{FRACTION SLASH}": "/",
        "½": " 1/2",
        "¼": " 1/4",
        "¾": " 3/4",
        "\N{EN DASH}": "-",
        "\N{HYPHEN}": "-",
    }
)
_FRACTION_AFTER_HYPHEN = re.compile(r"(?<=\d)\s*-\s*(\d/\d)\b")
_NUMBER = re.compile(r"(?:(\d{1,6})\s*-\s*)?(\d{1,6})\s*([a-z])?(?:\s*(\d/\d))?")
_UNIT_FIRST = re.compile(r"(?:#|unit|apt|suite|(?=[a-z]\s*\d+\s*[ ,-]))\s*[a-z]?\s*\d*[a-z]?\s*[ ,-]\s*(?=\d)")
_SEPARATOR = re.compile(r"\s*(?:[;,&+]|\band\b|(?<!\s\d)/)\s*")


@dataclass(frozen=True, slots=True)
class HouseNumber:
    """One house number.

    Attributes:
        key: how it is stored and compared: lower case, no blanks around the hyphen (``219-21a``, ``12 1/2``).
        stem: the key without letter or fraction: what "12A" and "12 1/2" share with "12".
        prefix: the number before a hyphen (Queens: the cross street), None without one.
        value: the number along the street.
    """

    key: str
    stem: str
    prefix: int | None
    value: int

    def readings(self, *, hyphenated: bool) -> tuple["HouseNumber", ...]:
        """Return the numbers that this one may stand for, the literal one first.

        Args:
            hyphenated: whether the area writes its numbers with a hyphen. Where it does, "21921" may be "219-21";
                where it does not, "305-1335" is unit 305 in number 1335 and "100-110" a building from 100 to 110.
        """
        if hyphenated:
            if self.prefix is None and len(self.stem) > 3:  # noqa: PLR2004 - "219" and two digits at the least
                return (self, _plain(f"{self.stem[:-2]}-{self.stem[-2:]}{self.key[len(self.stem) :]}"))
            return (self,)
        if self.prefix is None:
            return (self,)
        return (self, _plain(str(self.prefix if self._is_range() else self.value)))

    def covered(self, *, hyphenated: bool) -> tuple["HouseNumber", ...]:
        """Return every number a building signed with this one answers to, itself first."""
        if hyphenated or self.prefix is None:
            return (self,)
        if not self._is_range():
            return self.readings(hyphenated=False)
        step = 1 if (self.value - self.prefix) % 2 else 2
        return (self, *(_plain(str(value)) for value in range(self.prefix, self.value + 1, step)))

    def _is_range(self) -> bool:
        return self.prefix is not None and 0 < self.value - self.prefix <= LONGEST_RANGE


@lru_cache(maxsize=65_536)
def house_number(text: str) -> HouseNumber | None:
    """Read one house number; None when the text is no such thing."""
    tidy = _FRACTION_AFTER_HYPHEN.sub(r" \1", text.translate(_FRACTIONS).strip().lower())
    match = _NUMBER.fullmatch(tidy)
    if match is None:
        return None
    prefix, digits, letter, fraction = match.groups()
    stem = (digits.lstrip("0") or "0") if prefix is None else f"{prefix.lstrip('0') or '0'}-{digits}"
    key = stem + (letter or "") + (f" {fraction}" if fraction else "")
    return HouseNumber(key, stem, None if prefix is None else int(prefix), int(digits))


def _plain(text: str) -> HouseNumber:
    number = house_number(text)
    assert number is not None, text  # noqa: S101 - built from digits above
    return number


def signed_numbers(text: str, *, hyphenated: bool) -> tuple[HouseNumber, ...]:
    """Return the numbers a map's ``addr:housenumber`` stands for: lists and ranges taken apart, units dropped."""
    tidy = _UNIT_FIRST.sub("", text.translate(_FRACTIONS).strip().lower(), count=1)
    whole = house_number(tidy)
    parts = [whole] if whole else [house_number(part) for part in _SEPARATOR.split(tidy)]
    found = [number for part in parts if part for number in part.covered(hyphenated=hyphenated)]
    return tuple(dict.fromkeys(found))
