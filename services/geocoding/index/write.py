"""Writing an address index, whole or not at all."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from services.geocoding.domain.area import AreaProfile
from services.geocoding.domain.street_name import street_name
from services.geocoding.index.clean import Address
from services.geocoding.index.schema import INDEXES, SCHEMA, VERSION, padded
from services.geocoding.index.streets import Street, StreetKey


def write_index(
    target: Path,
    profile: AreaProfile,
    streets: Mapping[StreetKey, Street],
    rows: Iterable[Address],
    street_of: Callable[[Address], StreetKey],
) -> None:
    """Write the index beside its target and rename it when it is whole: a crash leaves the old index, or none.

    Raises:
        OSError: the target cannot be written, a full disk included.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(unfinished)) as connection, connection:
            # No journal: a crash spoils a file that nobody reads, and a stale journal would spoil the next build.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.executescript(SCHEMA)
            _insert(connection, profile, streets, rows, street_of)
            connection.commit()
            connection.executescript(INDEXES)
        unfinished.replace(target)
    except sqlite3.OperationalError as error:
        message = f"{target} cannot be written ({error}). Make room on the disk or choose another directory."
        raise OSError(message) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _insert(
    connection: sqlite3.Connection,
    profile: AreaProfile,
    streets: Mapping[StreetKey, Street],
    rows: Iterable[Address],
    street_of: Callable[[Address], StreetKey],
) -> None:
    meta = asdict(profile) | {"version": VERSION}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [(key, json.dumps(value)) for key, value in meta.items()])
    cores: dict[str, int] = {}
    ids: dict[StreetKey, int] = {}
    for key, street in streets.items():
        ids[key] = len(ids) + 1
        core_id = cores.setdefault(street_name(street.name).core, len(cores) + 1)
        connection.execute(
            "INSERT INTO street VALUES (?, ?, ?, ?, ?, ?)",
            (ids[key], street.name, core_id, street.city, street.lat, street.lon),
        )
    connection.executemany(
        "INSERT INTO core (rowid, text) VALUES (?, ?)", [(core_id, padded(core)) for core, core_id in cores.items()]
    )
    connection.executemany(
        f"INSERT INTO address VALUES ({', '.join('?' * 12)})",  # noqa: S608 - only question marks
        (_address_row(row, ids[street_of(row)]) for row in rows),
    )


def _address_row(row: Address, street_id: int) -> tuple[object, ...]:
    return (
        row.number.key,
        street_id,
        -1 if row.number.prefix is None else row.number.prefix,
        row.number.value,
        row.unit,
        row.city,
        row.postcode,
        row.state,
        row.guessed_city,
        row.guessed_postcode,
        row.lat,
        row.lon,
    )
