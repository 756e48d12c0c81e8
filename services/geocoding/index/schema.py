"""The address index: one SQLite file."""

VERSION = 1
"""Grows with any change to the tables or to what is stored in them; an index of another version must be built again."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- One row a street: a name, and where it runs. Two streets of one name that do not touch are two rows.
CREATE TABLE street (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,      -- as the map has it
    core_id INTEGER NOT NULL, -- rowid in core
    city TEXT NOT NULL,
    lat REAL NOT NULL,       -- a point of the street near its middle
    lon REAL NOT NULL
);

-- One row a house number (see domain/house_number.py).
CREATE TABLE address (
    number TEXT NOT NULL,
    street_id INTEGER NOT NULL REFERENCES street (id),
    prefix INTEGER NOT NULL, -- -1 without a hyphen
    value INTEGER NOT NULL,
    unit TEXT NOT NULL,
    city TEXT NOT NULL,
    postcode TEXT NOT NULL,
    state TEXT NOT NULL,
    guessed_city INTEGER NOT NULL CHECK (guessed_city IN (0, 1)),
    guessed_postcode INTEGER NOT NULL CHECK (guessed_postcode IN (0, 1)),
    lat REAL NOT NULL,
    lon REAL NOT NULL
);

-- The distinct cores of street names, padded (see padded()), for finding names with typos.
CREATE VIRTUAL TABLE core USING fts5 (text, tokenize = 'trigram', detail = 'none');
"""

INDEXES = """
CREATE INDEX address_by_number ON address (number, street_id);
CREATE INDEX address_by_street ON address (street_id, value);
ANALYZE;
"""


def padded(core: str) -> str:
    """Return a core with marks around it, so that the first and the last letter make trigrams of their own.

    Without them a typo in the middle of a short name ("oak") would leave no trigram intact.
    """
    return f"^^{core}$$"


def trigrams(core: str) -> str:
    """Return the FTS5 query for cores that share a trigram with this one."""
    text = padded(core)
    return " OR ".join(f'"{text[at : at + 3]}"' for at in range(len(text) - 2))
