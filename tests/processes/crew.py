"""Some processes of some rooms, and a booking system that talks to them."""

import asyncio
import datetime as dt
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from deploy.dev.system.places import Place, settings_of
from deploy.dev.system.room_process import RoomProcess
from services.sample.addresses import Address
from tests.flow.conftest import AREA

READY_SECONDS = 60.0
STOP_SECONDS = 30.0


class Crew:
    """Processes of some rooms on the same servers.

    Attributes:
        environment: settings of all of them.
        members: by name, such as ``booking-0``.
    """

    def __init__(
        self, places: Sequence[Place], rooms: Collection[str], environment: Mapping[str, str], logs: Path
    ) -> None:
        self.environment = environment
        self.members = {
            place.name: RoomProcess(place, {**environment, **settings_of(place, places)}, logs / f"{place.name}.log")
            for place in places
            if place.room in rooms
        }

    def url(self, name: str) -> str:
        """Return where a member answers."""
        return self.members[name].place.url

    def start(self, *names: str) -> None:
        """Start members, all by default, and wait until they take work."""
        chosen = [self.members[name] for name in names or self.members]
        for member in chosen:
            member.start()
        until = time.monotonic() + READY_SECONDS
        for member in chosen:
            while not member.is_ready():
                assert member.code is None, f"{member.place.name} ended: {member.last_words()}"
                assert time.monotonic() < until, f"{member.place.name} is not ready: {member.last_words()}"
                time.sleep(0.1)

    def stop(self) -> None:
        """End all that run."""
        running = [member for member in self.members.values() if member.runs]
        for member in running:
            member.terminate()
        for member in running:
            member.await_end(STOP_SECONDS)


def request(house: Address, date: dt.date) -> dict[str, Any]:
    """Return a booking of a B12 shot at a house, any time on a day."""
    return {
        "services": ["b12-im-1000"],
        "patient": {"first_name": "Ada", "last_name": "Sample", "birth_date": "1980-04-12"},
        "address": {"line": f"{house.number} {house.street}, {house.city}, OH {house.postcode}"},
        "any_time_on": [date.isoformat()],
        "area_id": AREA,
    }


async def book(client: httpx.AsyncClient, doors: Sequence[str], key: str, body: Mapping[str, Any]) -> httpx.Response:
    """Book as a booking system does: where nobody answers, at the next door, with the same key."""
    for attempt in range(100):
        door = doors[attempt % len(doors)]
        try:
            return await client.post(f"{door}/v1/bookings", json=body, headers={"idempotency-key": f'"{key}"'})
        except httpx.TransportError:
            await asyncio.sleep(0.02)
    raise AssertionError(f"nobody answered at {', '.join(doors)}")
