"""The demonstration: a map, nurses and a day of bookings walk through the running house, and what came of them."""

import asyncio
import datetime as dt
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx
import zipcodes

from services.area import Progress, build_area
from services.booking.importing import import_rows as import_bookings
from services.dispatch.importing import import_rows as import_nurses
from services.sample.addresses import Address, addresses_of, base_of
from services.sample.bookings import bookings
from services.sample.city import CITY, TIMEZONE, write_city
from services.sample.day import Day
from services.sample.people import nurses
from services.sample.rows import write_bookings, write_nurses
from shared.areas import Area, load_areas
from shared.errors import ConfigurationError, RoundsError
from shared.events.ids import AreaId

FAR_KM = 80.0
KM_PER_DEGREE = 111.0
LOOK_SECONDS = 0.2

type Say = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, of how much."""
type Reach = Callable[[str], httpx.AsyncClient]
"""Returns a client of a running room; in one process, the same for all."""


@dataclass(frozen=True, slots=True)
class DemoWish:
    """What to demonstrate.

    Attributes:
        extract: a real city; None: the sample city.
        timezone: the area's; None: that of the nearest ZIP code.
        date: the day to plan; None: tomorrow in the area.
        seed: the same seed makes the same city, nurses and bookings.
    """

    extract: Path | None = None
    timezone: str | None = None
    bookings: int = 320
    nurses: int = 26
    date: dt.date | None = None
    seed: int = 7


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of the day; assigned + unassigned + unresolved = bookings.

    Attributes:
        reasons: unassigned visits by reason.
        drive_minutes_per_visit: all driving of the plan over the assigned visits.
        seconds: from the first booking posted to the plan dispatched.
    """

    bookings: int
    assigned: int
    unassigned: int
    unresolved: int
    reasons: dict[str, int]
    drive_minutes_per_visit: float
    seconds: float


@dataclass(frozen=True, slots=True)
class DemoDay:
    """The prepared day: where, when, and the files of nurses and bookings."""

    area: Area
    date: dt.date
    addresses: Sequence[Address]
    extract: Path
    day: Day


def prepare(data: Path, wish: DemoWish, progress: Progress, now: dt.datetime) -> DemoDay:
    """Make the area, if this data directory has not got it yet, and choose the day.

    Raises:
        RoundsError: the extract cannot be used, with what to do.
    """
    extract = wish.extract or _sample_extract(data, wish.seed)
    if not extract.exists():
        raise ConfigurationError(f"There is no extract at {extract}. Give the path of an .osm.pbf file.")
    area_id = AreaId(re.sub(r"[^a-z0-9]+", "-", extract.name.lower().removesuffix(".osm.pbf")).strip("-"))
    addresses = addresses_of(extract, CITY if wish.extract is None else "")
    area = load_areas(data).get(area_id)
    if area is None or area.built_at.timestamp() < extract.stat().st_mtime:
        zone = wish.timezone or (TIMEZONE if wish.extract is None else _zone_near(addresses))
        name = CITY if wish.extract is None else area_id.replace("-", " ").title()
        area = build_area(extract, area_id, name, zone, data, progress)
    date = wish.date or area.local_date(now) + dt.timedelta(days=1)
    return DemoDay(area, date, addresses, extract, Day(area.id, area.timezone, date, wish.seed))


def _sample_extract(data: Path, seed: int) -> Path:
    path = data / "sample" / "harlan-mills-oh.osm.pbf"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_city(path, seed)
    return path


def _zone_near(addresses: Sequence[Address]) -> str:
    """Return the time zone of the ZIP code nearest to the middle of the addresses."""
    lat, lon = fmean(a.lat for a in addresses), fmean(a.lon for a in addresses)
    known = [z for z in zipcodes.list_all() if z["lat"] and z["timezone"]]
    nearest = min(known, key=lambda z: (float(z["lat"]) - lat) ** 2 + (float(z["long"]) - lon) ** 2)
    if max(abs(float(nearest["lat"]) - lat), abs(float(nearest["long"]) - lon)) * KM_PER_DEGREE > FAR_KM:
        raise ConfigurationError("The extract lies far from every ZIP code. Name its time zone with --timezone.")
    return str(nearest["timezone"])


async def walk_through(reach: Reach, demo: DemoDay, wish: DemoWish, data: Path, say: Say) -> DemoResult:
    """Import nurses and bookings into the running house and wait for the first dispatched plan of all of them.

    Args:
        reach: clients of the running rooms.
        demo: from ``prepare()``.
        wish: how many of each.
        data: the files that were imported are kept below it, for a look.
        say: progress: what, how many done, of how many.

    Raises:
        RoundsError: the house refused something that the demonstration needs.
    """
    files = await write_files(reach, demo, wish, data)
    await bring_nurses(reach, files, say)
    began = time.monotonic()
    taken = await import_bookings(reach("booking"), files / "bookings.csv", lambda n, of: say("bookings", n, of))
    if taken.refused:
        raise RoundsError(f"The house refused {len(taken.refused)} bookings of the sample: {taken.refused[0]}")
    return await _dispatched(reach, demo, wish.bookings, began)


async def write_files(reach: Reach, demo: DemoDay, wish: DemoWish, data: Path) -> Path:
    """Make up nurses and bookings; return the folder that holds their files."""
    codes = [service["code"] for service in (await _get(reach("booking"), "/v1/services"))["services"]]
    nurse_rows = nurses(demo.addresses, wish.nurses, demo.day, base_of(demo.extract))
    booking_rows = bookings(demo.addresses, wish.bookings, demo.day, codes, [row.external_id for row in nurse_rows])
    files = data / "sample" / f"{demo.area.id}-{demo.date}"
    files.mkdir(parents=True, exist_ok=True)
    write_nurses(files / "nurses.csv", nurse_rows)
    write_bookings(files / "bookings.csv", booking_rows)
    return files


async def bring_nurses(reach: Reach, files: Path, say: Say) -> None:
    """Import the nurses of the sample; those who are there already stay as they are."""
    report = await import_nurses(reach("dispatch"), files / "nurses.csv", lambda n, of: say("nurses", n, of))
    if report.refused:
        raise RoundsError(f"The house refused {len(report.refused)} nurses of the sample: {report.refused[0]}")


async def _dispatched(reach: Reach, demo: DemoDay, count: int, began: float) -> DemoResult:
    """Wait until every booking is assigned, unassigned for a reason, or with the dispatcher for review."""
    where = {"area_id": demo.area.id, "date": demo.date.isoformat()}
    while True:
        review = await _pages(reach("geocoding"), "/v1/places/review", {"area_id": demo.area.id})
        plan = await _get(reach("routing"), f"/v1/plans/{demo.area.id}/{demo.date}")
        assigned = (await _get(reach("dispatch"), "/v1/assignments", where))["assignments"]
        unassigned = plan["unassigned"]
        if plan["state"] == "idle" and len(assigned) + len(unassigned) + len(review) >= count:
            break
        if plan["state"] == "failed":
            raise RoundsError(f"The day could not be planned: {plan['failure']}")
        await asyncio.sleep(LOOK_SECONDS)
    drive = sum(route["drive_seconds"] for route in plan["routes"])
    return DemoResult(
        bookings=count,
        assigned=len(assigned),
        unassigned=len(unassigned),
        unresolved=len(review),
        reasons=dict(Counter(entry["reason"] for entry in unassigned)),
        drive_minutes_per_visit=round(drive / 60 / max(1, len(assigned)), 2),
        seconds=round(time.monotonic() - began, 2),
    )


async def _get(client: httpx.AsyncClient, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
    reply = await client.get(path, params=params)
    if reply.is_error:
        raise RoundsError(f"{path} answered {reply.status_code}: {reply.text}")
    body: dict[str, Any] = reply.json()
    return body


async def _pages(client: httpx.AsyncClient, path: str, params: dict[str, str]) -> list[dict[str, Any]]:
    """Return the items of every page of a list."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = await _get(client, path, {**params, **({"cursor": cursor} if cursor else {})})
        items += page["items"]
        cursor = page.get("next_cursor")
        if not cursor:
            return items
