"""Control runs: the same faults with a guard turned off must be caught, or the drill proves nothing."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from shared.bus.dead_letters import list_dead_letters, replay
from shared.bus.kafka.bus import KafkaBus
from shared.bus.kafka.settings import KafkaSettings
from shared.events.topics import VISITS
from tests.drill.checker import check
from tests.drill.clients import Clients
from tests.drill.fuses import POISON
from tests.drill.history import History
from tests.drill.processes import RoomProcess
from tests.drill.reading import read_facts, wait_until_still
from tests.drill.system import System, running
from tests.drill.town import Town, build_town, open_shifts
from tests.drill.violation import Violation

PATIENCE_SECONDS = 40.0
REST_SECONDS = 60.0
LOOK_SECONDS = 0.1
PLAYERS = ("booking-0", "geocoding-0", "routing-0", "routing-1", "dispatch-0", "board-0", "nurse_app-0", "witness-0")


@dataclass(frozen=True, slots=True)
class Control:
    """A guard and what is seen when it is off.

    Attributes:
        guard: as in ``guards.OFF``.
        room: whose processes go without it.
        invariant: the one that is broken.
        phrase: a part of the checker's sentence about it.
    """

    guard: str
    room: str
    invariant: str
    phrase: str

    def caught(self, violations: list[Violation]) -> bool:
        """Tell whether the checker saw it."""
        return any(each.invariant == self.invariant and self.phrase in each.sentence for each in violations)


CONTROLS = (
    Control("inbox", "witness", "I4", "times in the witness"),
    Control("offset order", "board", "I4", "board never handled"),
    Control("version check", "routing", "I3", "routing has"),
    Control("lease token", "routing", "I6", "Plan version"),
)


async def run_controls(folder: Path, *, guards_off: bool) -> list[Violation]:
    """Provoke what each guard is there for; return what the checker says of it.

    Args:
        folder: holds everything.
        guards_off: without the guards; with them, the same run must show none of it.
    """
    off: dict[str, tuple[str, ...]] = {}
    for control in CONTROLS if guards_off else ():
        off[control.room] = (*off.get(control.room, ()), control.guard)
    town = build_town(folder / "data", areas=1, days=4, nurses=2)
    async with running(folder, brokers=1, off=off) as system, _desk(system, town) as desk:
        await _lose_the_offset_after_the_commit(system, desk)
        await _die_before_the_commit(system, desk)
        await _replay_an_old_state(system, desk)
        await _come_late_with_a_plan(system, desk)
        healed = await wait_until_still(system, REST_SECONDS)
        facts = await read_facts(system)
    return check(History([*desk.clients.operations, healed, *facts]))


@dataclass(frozen=True, slots=True)
class _Desk:
    """Books and changes by hand."""

    clients: Clients
    town: Town

    async def book(self, day: int) -> str:
        """Book on a day; return the visit."""
        return str((await self.booked(day))["visit_id"])

    async def booked(self, day: int) -> dict[str, Any]:
        wish = {**self.clients.wish(), "any_time_on": [self.town.dates[day].isoformat()]}
        booked = await self.clients.book(str(uuid4()), wish)
        if booked is None:
            raise RuntimeError("Nobody took a booking.")
        return booked

    async def move(self, booked: Mapping[str, Any], day: int) -> None:
        wish = {"any_time_on": [self.town.dates[day].isoformat()]}
        path = f"/v1/bookings/{booked['booking_id']}/reschedule"
        await self.clients.change("reschedule", path, wish, booked["visit_id"])


@asynccontextmanager
async def _desk(system: System, town: Town) -> AsyncIterator[_Desk]:
    await system.start_rooms(PLAYERS)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
        await open_shifts(http, system.rooms["dispatch-0"].url, town)
        clients = Clients(http, town, [system.rooms["booking-0"].url], [system.rooms["dispatch-0"].url], seed=1)
        yield _Desk(clients, town)


async def _lose_the_offset_after_the_commit(system: System, desk: _Desk) -> None:
    """Have records come again that took effect: the inbox knows them."""
    await _crash(system.rooms["witness-0"], "consumer: after commit, before the offset", desk)


async def _die_before_the_commit(system: System, desk: _Desk) -> None:
    """Have a handler's transaction never be committed: its records come again, unless the offset went before."""
    await _crash(system.rooms["board-0"], "consumer: after inbox", desk)


async def _crash(process: RoomProcess, point: str, desk: _Desk) -> None:
    process.light(point)
    await desk.book(0)
    await _until(lambda: _told(not process.alive), f"{process.name} dies")
    process.start()


async def _replay_an_old_state(system: System, desk: _Desk) -> None:
    """Bury the second version of a visit, let the third be handled, then replay the second."""
    booked = await desk.booked(1)
    visit_id = booked["visit_id"]
    for number in range(2):
        system.rooms[f"routing-{number}"].light(f"{POISON}{visit_id}/2")
    await desk.move(booked, 2)
    bus = KafkaBus(KafkaSettings(bootstrap_servers=system.cluster.bootstrap, create_topics=False))
    await bus.start()
    try:
        await _until(lambda: _letters(bus), "routing buries the second version")
        await desk.move(booked, 3)
        await _until(lambda: _version_is(system, visit_id, 3), "routing hears the third version")
        for number in range(2):
            system.rooms[f"routing-{number}"].light("")
        for letter in await list_dead_letters(bus, [VISITS]):
            await replay(bus, letter)
            query = f"SELECT 1 FROM inbox WHERE event_id = '{letter.event_id}'"  # noqa: S608 - an id of the house
            await _until(partial(system.ask, "routing", query), "routing handles what was replayed")
    finally:
        await bus.stop()


async def _come_late_with_a_plan(system: System, desk: _Desk) -> None:
    """Freeze a planner that has its result, until another has planned the day; then let it go on."""
    await wait_until_still(system, REST_SECONDS)
    planners = [system.rooms["routing-0"], system.rooms["routing-1"]]
    for planner in planners:
        planner.light("planner: after the solve", 1, signal.SIGSTOP)
    date = desk.town.dates[3]
    query = f"SELECT coalesce(max(plan_version), 0) AS n FROM plan WHERE date = '{date}'"  # noqa: S608 - a date
    before = (await system.ask("routing", query))[0]["n"]
    await desk.book(3)
    await _until(lambda: _told(any(planner.frozen for planner in planners)), "a planner freezes")
    frozen = next(planner for planner in planners if planner.frozen)
    for planner in planners:
        if planner is not frozen:
            planner.light("")

    async def planned_by_another() -> bool:
        return bool((await system.ask("routing", query))[0]["n"] > before)

    try:
        await _until(planned_by_another, "another planner takes over")
    finally:
        frozen.thaw()


async def _told(fact: bool) -> bool:  # noqa: FBT001 - what a condition answers
    return fact


async def _letters(bus: KafkaBus) -> bool:
    return bool(await list_dead_letters(bus, [VISITS]))


async def _version_is(system: System, visit_id: str, version: int) -> bool:
    query = f"SELECT version FROM visit WHERE visit_id = '{visit_id}'"  # noqa: S608 - an id of the house
    return [row["version"] for row in await system.ask("routing", query)] == [version]


async def _until(condition: Callable[[], Awaitable[object]], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"The control run waited in vain: {what}.")
        await asyncio.sleep(LOOK_SECONDS)
