"""States, provinces and postcodes of the United States and Canada."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from services.geocoding.domain.text import fold

_NAMES = (
    "AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|"
    "DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|"
    "KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|"
    "MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|"
    "NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|PR Puerto Rico|RI Rhode Island|"
    "SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|"
    "WV West Virginia|WI Wisconsin|WY Wyoming|"
    "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador|NS Nova Scotia|"
    "NT Northwest Territories|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec|SK Saskatchewan|YT Yukon"
)
STATES: Mapping[str, str] = MappingProxyType(
    {fold(spelling): pair[:2] for pair in _NAMES.split("|") for spelling in (pair[:2], pair[3:])}
)
"""Folded code or name of a state or province → its two-letter code."""

PROVINCES = frozenset({"AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"})
"""The codes among them that are Canadian."""

COUNTRIES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("us", "usa", "united states", "united states of america"), "US") | {"canada": "CA"}
)
"""Folded name of a country → its ISO code. "CA" alone is California."""

_PROVINCE_OF_LETTER: Mapping[str, str] = MappingProxyType(
    {"a": "NL", "b": "NS", "c": "PE", "e": "NB", "g": "QC", "h": "QC", "j": "QC", "k": "ON", "l": "ON", "m": "ON"}
    | {"n": "ON", "p": "ON", "r": "MB", "s": "SK", "t": "AB", "v": "BC", "y": "YT"}
)
_ZIP = re.compile(r"(\d{5})(?:-?\d{4})?")
_CANADIAN = re.compile(r"([a-z]\d[a-z])[ -]?(\d[a-z]\d)")


def state_code(text: str) -> str | None:
    """Return the two-letter code of a state or province written as code or name, None when it is neither."""
    return STATES.get(fold(text))


def postcode(text: str) -> str | None:
    """Return a postcode as it is stored: five digits, or ``V6K 2E4``; None when the text is neither."""
    stripped = text.strip().lower()
    if match := _ZIP.fullmatch(stripped):
        return match[1]
    if match := _CANADIAN.fullmatch(stripped):
        return f"{match[1]} {match[2]}".upper()
    return None


def is_canadian(code: str) -> bool:
    """Tell whether a normalised postcode is a Canadian one."""
    return not code[0].isdigit()


def delivery_area(code: str) -> str:
    """Return the part of a postcode that names an area: the whole ZIP, or the first half of a Canadian code."""
    return code[:3] if is_canadian(code) else code


def province_of(code: str) -> str | None:
    """Return the province a Canadian postcode lies in; None where its letter is shared (X) or not in use."""
    return _PROVINCE_OF_LETTER.get(code[0].lower())
