"""The words North American addresses are written with, and their one short form.

Sources: USPS Publication 28 (appendices B and C) and the Canada Post addressing guidelines. Every table maps a folded
spelling (see ``text.fold``) to its canonical short form; both sides of a comparison go through the same table, so the
choice of form does not matter, only that it is one.
"""

from collections.abc import Mapping
from types import MappingProxyType


def _inverted(forms: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({word: short for short, words in forms.items() for word in (short, *words.split())})


DIRECTIONS: Mapping[str, str] = _inverted(
    {
        "n": "north no",
        "s": "south so",
        "e": "east",
        "w": "west",
        "ne": "northeast",
        "nw": "northwest",
        "se": "southeast",
        "sw": "southwest",
    }
)

DIRECTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "n": "north",
        "s": "south",
        "e": "east",
        "w": "west",
        "ne": "northeast",
        "nw": "northwest",
        "se": "southeast",
        "sw": "southwest",
    }
)
"""The written-out form of each direction: a typo may strike either form."""

SUFFIX_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "aly": "alley",
        "ave": "avenue",
        "blvd": "boulevard",
        "brg": "bridge",
        "byp": "bypass",
        "cir": "circle",
        "clos": "close",
        "cmn": "common",
        "ct": "court",
        "cv": "cove",
        "cres": "crescent",
        "xing": "crossing",
        "dr": "drive",
        "esp": "esplanade",
        "expy": "expressway",
        "fwy": "freeway",
        "gdns": "gardens",
        "gln": "glen",
        "grn": "green",
        "grv": "grove",
        "hts": "heights",
        "hwy": "highway",
        "hl": "hill",
        "holw": "hollow",
        "is": "island",
        "lndg": "landing",
        "ln": "lane",
        "loop": "loop",
        "mall": "mall",
        "mnr": "manor",
        "mdws": "meadows",
        "mews": "mews",
        "oval": "oval",
        "park": "park",
        "pkwy": "parkway",
        "pass": "pass",
        "path": "path",
        "pl": "place",
        "plz": "plaza",
        "pt": "point",
        "prom": "promenade",
        "rnch": "ranch",
        "rdg": "ridge",
        "rd": "road",
        "row": "row",
        "run": "run",
        "sq": "square",
        "st": "street",
        "ter": "terrace",
        "trl": "trail",
        "tpke": "turnpike",
        "vw": "view",
        "vlg": "village",
        "walk": "walk",
        "way": "way",
        "whf": "wharf",
    }
)
"""Canonical short form of a street's type, and the form written out."""

LONG_FORMS: Mapping[str, str] = MappingProxyType({**DIRECTION_WORDS, **SUFFIX_WORDS})

SUFFIXES: Mapping[str, str] = _inverted(
    dict(SUFFIX_WORDS)
    | {
        "aly": "alley allee ally",
        "ave": "avenue av aven avenu avn avnue",
        "blvd": "boulevard boul boulv bl bvd",
        "byp": "bypass bypa",
        "cir": "circle circ circl crcl",
        "clos": "close",
        "cmn": "common commons",
        "ct": "court crt",
        "cres": "crescent crsc crsent cresc cr",
        "xing": "crossing crssng",
        "dr": "drive drv driv",
        "expy": "expressway expwy exp expw",
        "fwy": "freeway frwy",
        "gdns": "gardens gdn garden grdn",
        "hwy": "highway hiway hway hwy highwy",
        "lndg": "landing lndng",
        "ln": "lane",
        "pkwy": "parkway pky pkway parkwy",
        "pl": "place",
        "plz": "plaza plza",
        "prom": "promenade",
        "rd": "road",
        "sq": "square sqr sqre",
        "st": "street str strt",
        "ter": "terrace terr",
        "trl": "trail trails tr",
        "tpke": "turnpike tpk trnpk turnpk",
        "whf": "wharf",
    }
)

OPENINGS: Mapping[str, str] = MappingProxyType(
    {"st": "saint", "ste": "sainte", "mt": "mount", "ft": "fort", "dr": "doctor", "pt": "point", "jct": "junction"}
)
"""Short forms that mean something else as the first word of a name: "St Johns Road" is no street called Johns."""

ROUTE_WORDS = frozenset({"hwy", "rte", "route", "interstate", "i", "sr", "us", "cr", "county", "state", "no", "loop"})
"""Words after which a number is a route number, not an ordinal ("Highway 99" is not "Highway 99th")."""

_ONES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_TEENS = (
    *("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth"),
    *("fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENTHS = tuple(f"{ten[:-1]}ieth" for ten in _TENS)

TENS: Mapping[str, int] = MappingProxyType({word: 10 * value for value, word in enumerate(_TENS, start=2)})
ORDINALS: Mapping[str, int] = MappingProxyType(
    {word: value for value, word in enumerate(_ONES, start=1)}
    | {word: value for value, word in enumerate(_TEENS, start=10)}
    | {word: 10 * value for value, word in enumerate(_TENTHS, start=2)}
)
