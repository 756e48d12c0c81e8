"""Units: "Apt 3B", "#4", "Suite 200", "2nd Fl" found and taken out of a line."""

import re

from services.geocoding.domain.text import fold

_IDENTIFIER = r"(?:[a-z]?-?\d{1,4}[a-z]?|[a-z])(?!\w)(?:-[a-z]\w?\b|-\d+\b(?!\s+[a-z]))?"
_DESIGNATOR = "apartment|apt|unit|suite|ste|room|rm|building|bldg|penthouse|ph|lot|trailer|trlr|space|spc|floor|flr|fl"
_UNIT = re.compile(
    rf"(?:(?<=[\s,(])|^)(?:"
    rf"\#\s*{_IDENTIFIER}"
    rf"|(?:{_DESIGNATOR})\.?\s*(?:\#\s*|no\.?\s+)?{_IDENTIFIER}"
    rf"|\d{{1,3}}(?:st|nd|rd|th)\s+(?:floor|flr|fl)\b\.?"
    rf"|(?:basement|bsmt|penthouse|rear)\b\.?(?=\s*(?:,|$))"
    rf"|(?<=,)\s*(?:front|upper|lower|ph)\b\.?(?=\s*(?:,|$))"
    rf")",
    re.IGNORECASE,
)
_LONE = re.compile(r"\d{1,4}[a-z]?|[a-z]\d{1,4}")


def take_units(line: str) -> tuple[str, str]:
    """Return (folded units, the line with a comma where each stood).

    The comma matters: what follows a unit is never the rest of a street's name. A unit before a hyphen and a number
    ("Unit 5-1335 Howe") leaves the hyphen to the caller.
    """
    found: list[str] = []

    def note(match: re.Match[str]) -> str:
        found.append(fold(match[0]))
        return ","

    rest = _UNIT.sub(note, line)
    return " ".join(found), rest


def is_lone_unit(word: str) -> bool:
    """Tell whether a word after the type of street is a bare unit ("12 Main St 4B")."""
    return _LONE.fullmatch(word) is not None
