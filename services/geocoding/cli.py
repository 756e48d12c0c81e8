"""``rounds geocode``: finding addresses with an area's own index, from the command line."""

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.geocoding.domain.address import AddressQuery, Answer
from services.geocoding.geocoders import INDEX
from services.geocoding.providers.local import AddressIndex
from shared.areas import area_dir, load_areas
from shared.errors import RoundsError
from shared.events.ids import AreaId


def geocode(
    addresses: Annotated[
        list[str] | None, typer.Argument(help="Addresses; without any, one a line from standard input.")
    ] = None,
    area: Annotated[str, typer.Option("--area", help="The area to look in; `rounds area list` has them.")] = "",
    data: Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="The data directory.")] = Path(".data"),
    *,
    json: Annotated[bool, typer.Option("--json", help="One object a line, in the order of the input.")] = False,
) -> None:
    """Find addresses: resolved, for review (with candidates), or outside the area. Nothing is guessed.

    Example: `rounds geocode --area harlan-mills-oh --json < addresses.txt`
    """
    known = load_areas(data)
    if AreaId(area) not in known:
        there = ", ".join(known) or "none yet; build one with `rounds area build`"
        raise RoundsError(f"There is no area {area!r} below {data}. There is: {there}. Name one with --area.")
    index = AddressIndex.open(area_dir(data, AreaId(area)) / INDEX)
    try:
        lines = addresses or (line.rstrip("\r\n") for line in _standard_input())
        if json:
            for line in lines:
                typer.echo(jsonlib.dumps(_object(line, index.locate(AddressQuery(line))), ensure_ascii=False))
        else:
            _table([(line, index.locate(AddressQuery(line))) for line in lines])
    finally:
        index.close()


def _standard_input() -> list[str]:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise RoundsError(
            f"Standard input is not UTF-8 (byte {error.start}). Convert it, for example with iconv."
        ) from error


def _object(line: str, answer: Answer) -> dict[str, Any]:
    place = answer.place
    return {
        "input": line,
        "status": answer.status.value,
        "lat": place.lat if place else None,
        "lon": place.lon if place else None,
        "match": place.match.value if place else None,
        "confidence": round(place.confidence, 3) if place else None,
        "candidates": [
            {
                "lat": candidate.lat,
                "lon": candidate.lon,
                "match": candidate.match.value,
                "confidence": round(candidate.confidence, 3),
                "label": candidate.label,
            }
            for candidate in answer.candidates
        ],
    }


def _table(answers: list[tuple[str, Answer]]) -> None:
    table = Table("address", "status", "place", "match", "confidence")
    for line, answer in answers:
        best = answer.candidates[0] if answer.candidates else None
        status = answer.status.value if answer.reason is None else f"{answer.status.value} ({answer.reason.value})"
        if best is None:
            table.add_row(line, status, "", "", "")
        else:
            where = f"{best.label} ({best.lat:.5f}, {best.lon:.5f})"
            table.add_row(line, status, where, best.match.value, f"{best.confidence:.2f}")
    Console().print(table)
