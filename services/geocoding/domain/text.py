"""Folding: the one spelling in which texts are compared."""

import re
import unicodedata
from functools import lru_cache

_DROPPED = re.compile("[.'`\N{RIGHT SINGLE QUOTATION MARK}]")
_SEPARATORS = re.compile(r"[^\w]+|_+")


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return a text in lower case, without accents and punctuation, its words one space apart.

    Points and apostrophes vanish ("B.C." is "bc", "O'Farrell" is "ofarrell"); every other mark separates words.
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    text = _DROPPED.sub("", text.casefold()).replace("&", " and ")
    return _SEPARATORS.sub(" ", text).strip()
