"""The whole house on a sample city, in this process, reached over HTTP."""

import asyncio
import datetime as dt
import fcntl
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.all_in_one import BUILDERS
from services.area import build_area
from services.house import furnish
from services.sample.addresses import Address, addresses_of
from services.sample.city import CITY, TIMEZONE, write_city
from shared.areas import Area, load_areas
from shared.clock import new_id
from shared.events.ids import AreaId, NurseId
from shared.runtime import House, opened
from shared.security.tokens import NurseDay
from shared.settings import HouseSettings

AREA = AreaId("harlan-mills-oh")
RN_SKILLS = ("injection", "venipuncture")
SOON_SECONDS = 60.0


@pytest.fixture(scope="session")
def map_dir(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Build the sample city once for all test processes of this run."""
    base = tmp_path_factory.getbasetemp()
    root = (base if worker_id == "master" else base.parent) / "sample-map"
    root.mkdir(exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if AREA not in load_areas(root):
            write_city(root / "city.osm.pbf", 1)
            build_area(root / "city.osm.pbf", AREA, CITY, TIMEZONE, root, lambda _what, _share: None)
    return root


@pytest.fixture(scope="session")
def addresses(map_dir: Path) -> list[Address]:
    """Houses of the sample city."""
    return addresses_of(map_dir / "city.osm.pbf", CITY)


@pytest.fixture
def data(tmp_path: Path, map_dir: Path) -> Path:
    """A data directory with the area in it and nothing else."""
    shutil.copytree(map_dir / "areas", tmp_path / "data" / "areas", symlinks=True)
    return tmp_path / "data"


@dataclass(frozen=True, slots=True)
class Desk:
    """What a dispatcher, a nurse and a booking system do, as short words.

    Attributes:
        date: a day to plan, next week in the area.
    """

    http: httpx.AsyncClient
    house: House
    area: Area
    date: dt.date

    def at(self, hour: int, minute: int = 0) -> str:
        """Return a local time of the day, with its offset."""
        return dt.datetime.combine(self.date, dt.time(hour, minute), self.area.zone).isoformat()

    async def ask(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        """Return what the system answers, which must be a success."""
        reply = await self.http.request(method, path, json=body, **options)
        assert reply.is_success, f"{method} {path} answered {reply.status_code}: {reply.text}"
        return reply.json() if reply.content else None

    async def add_nurse(
        self, ref: str, home: Address, *, skills: tuple[str, ...] = ("injection", "venipuncture")
    ) -> str:
        """Add a registered nurse with a shift from 8 to 16 on the day, from and to a house; return her id."""
        who = {"nurse_ref": ref, "name": f"Nurse {ref}", "skills": skills, "licences": ["RN:OH"]}
        nurse_id: str = (await self.ask("POST", "/v1/nurses", who))["nurse_id"]
        point = {"lat": home.lat, "lon": home.lon}
        shift = {"nurse_id": nurse_id, "area_id": AREA, "start": self.at(8), "end": self.at(16)}
        await self.ask("POST", "/v1/shifts", {**shift, "start_point": point, "end_point": point, "breaks": []})
        return nurse_id

    async def book(self, house: Address | str, first_name: str = "Ada", **changes: Any) -> dict[str, Any]:
        """Book a B12 shot at a house, any time on the day."""
        line = house if isinstance(house, str) else f"{house.number} {house.street}, {house.city}, OH {house.postcode}"
        body = {
            "services": ["b12-im-1000"],
            "patient": {"first_name": first_name, "last_name": "Sample", "birth_date": "1980-04-12"},
            "address": {"line": line},
            "any_time_on": [self.date.isoformat()],
            "area_id": AREA,
        }
        body |= changes
        if "windows" in changes:
            del body["any_time_on"]
        headers = {"idempotency-key": f'"{new_id()}"'}
        reply: dict[str, Any] = await self.ask("POST", "/v1/bookings", body, headers=headers)
        return reply

    async def booking(self, booking: dict[str, Any]) -> dict[str, Any]:
        """Return a booking as it stands now."""
        now: dict[str, Any] = await self.ask("GET", f"/v1/bookings/{booking['booking_id']}")
        return now

    async def until_status(self, booking: dict[str, Any], status: str) -> dict[str, Any]:
        """Wait until a booking has a status."""

        async def look() -> dict[str, Any] | None:
            now = await self.booking(booking)
            return now if now["status"] == status else None

        return await soon(look, f"booking {status}")

    async def assignments(self) -> list[dict[str, Any]]:
        """Return the day's assignments."""
        found: list[dict[str, Any]] = (
            await self.ask("GET", "/v1/assignments", params={"area_id": AREA, "date": self.date.isoformat()})
        )["assignments"]
        return found

    async def act(self, booking: dict[str, Any], nurse_id: str, act: str, **more: Any) -> dict[str, Any]:
        """Let a nurse do something about a visit."""
        body = {"act_id": str(new_id()), "act": act, "nurse_id": nurse_id, **more}
        reply: dict[str, Any] = await self.ask("POST", f"/v1/visits/{booking['visit_id']}/acts", body)
        return reply

    def nurse_page(self, nurse_id: str) -> str:
        """Return the path of a nurse's page of the day."""
        return f"/n/{self.house.tokens.for_nurse(NurseDay(NurseId(UUID(nurse_id)), AREA, self.date))}"


async def soon[T](look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """Return what ``look`` finds, looking until it finds something."""
    try:
        async with asyncio.timeout(SOON_SECONDS):
            while True:
                if (found := await look()) is not None:
                    return found
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"waited {SOON_SECONDS:.0f} s for: {what}")


@asynccontextmanager
async def opened_desk(data: Path) -> AsyncIterator[Desk]:
    """Open the whole house on a data directory and close it in order at the end."""
    house, rooms = furnish(HouseSettings(data=data, public_url="http://test"), BUILDERS)
    async with (
        opened(house, rooms) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=30) as http,
    ):
        area = house.areas()[AREA]
        yield Desk(http, house, area, area.local_date(house.clock()) + dt.timedelta(days=7))


@pytest.fixture
async def desk(data: Path) -> AsyncIterator[Desk]:
    """The house, open."""
    async with opened_desk(data) as desk:
        yield desk
