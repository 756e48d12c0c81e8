"""Where the drill plays: areas that share one small address index, nurses with a shift on each of many days."""

import asyncio
import datetime as dt
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from services.geocoding.geocoders import INDEX
from services.geocoding.index.build import build_address_index
from services.sample.addresses import Address, addresses_of
from services.sample.city import CITY, TIMEZONE, write_city
from shared.areas import MANIFEST, Area, area_dir
from shared.clock import utc_now
from shared.events.ids import AreaId

AT_ONCE = 8
TRIES = 20


@dataclass(frozen=True, slots=True)
class Town:
    """What can be booked.

    Attributes:
        dates: the days that have shifts, tomorrow first.
        nurses: how many work on each day of each area.
    """

    areas: Sequence[Area]
    dates: Sequence[dt.date]
    addresses: Sequence[Address]
    nurses: int

    def at(self, date: dt.date, hour: int) -> str:
        """Return a local time, with its offset."""
        return dt.datetime.combine(date, dt.time(hour), self.areas[0].zone).isoformat()


def build_town(data: Path, areas: int, days: int, nurses: int) -> Town:
    """Make the areas on a data directory: one city, known under several names."""
    first = area_dir(data, AreaId("drill-0"))
    first.mkdir(parents=True)
    extract = data / "city.osm.pbf"
    write_city(extract, seed=1)
    index = build_address_index(extract, first / INDEX, lambda _what, _share: None)
    made = []
    for number in range(areas):
        area = Area(
            id=AreaId(f"drill-{number}"),
            name=f"{CITY} {number}",
            timezone=TIMEZONE,
            bbox=index.bbox,
            source=extract.name,
            source_sha256="0" * 64,
            built_at=utc_now(),
            addresses=index.addresses,
            streets=index.streets,
            states=index.states,
            cities=index.cities,
            postcodes=index.postcodes,
        )
        folder = area_dir(data, area.id)
        if number:
            folder.mkdir()
            shutil.copy(first / INDEX, folder / INDEX)
        (folder / MANIFEST).write_text(area.model_dump_json(), encoding="utf-8")
        made.append(area)
    tomorrow = made[0].local_date(utc_now()) + dt.timedelta(days=1)
    dates = [tomorrow + dt.timedelta(days=day) for day in range(days)]
    houses = [address for address in addresses_of(extract, CITY) if not address.unit]
    return Town(made, dates, random.Random(1).sample(houses, 1000), nurses)  # noqa: S311 - the same houses each time


async def open_shifts(http: aiohttp.ClientSession, url: str, town: Town) -> int:
    """Add the nurses of every area and open their shifts on every day; return how many shifts."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with at_once:
            for attempt in range(TRIES):
                async with http.post(url + path, json=body) as reply:
                    if reply.ok:
                        answer: dict[str, Any] = await reply.json()
                        return answer
                    if attempt == TRIES - 1:
                        raise RuntimeError(f"{path} answered {reply.status}: {await reply.text()}")
                await asyncio.sleep(0.5)
            raise RuntimeError(path)

    async def employ(area: Area, number: int) -> None:
        who = {
            "nurse_ref": f"{area.id}-{number}",
            "name": f"Nurse {number}",
            "skills": ["injection", "venipuncture"],
            "licences": ["RN:OH"],
        }
        nurse_id = (await post("/v1/nurses", who))["nurse_id"]
        home = town.addresses[number]
        point = {"lat": home.lat, "lon": home.lon}
        shifts = (
            {
                "nurse_id": nurse_id,
                "area_id": area.id,
                "start": town.at(date, 8),
                "end": town.at(date, 20),
                "start_point": point,
            }
            for date in town.dates
        )
        await asyncio.gather(*(post("/v1/shifts", shift) for shift in shifts))

    await asyncio.gather(*(employ(area, number) for area in town.areas for number in range(town.nurses)))
    return len(town.areas) * town.nurses * len(town.dates)
