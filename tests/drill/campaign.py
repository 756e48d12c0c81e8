"""A campaign: a load, a nemesis, healing, and everything read and checked."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import asyncpg

from tests.drill.checker import check
from tests.drill.clients import Clients
from tests.drill.fuses import MIGRATION
from tests.drill.history import Fault, History
from tests.drill.nemesis import Nemesis
from tests.drill.reading import read_facts, wait_until_still
from tests.drill.system import SPEAKERS, System, running
from tests.drill.town import build_town, open_shifts
from tests.drill.violation import Violation

ALLOWED_SECONDS = 90.0
"""From the last fault's end until nothing waits any more: relays' and planners' leases, the brokers' sessions, and
what piled up meanwhile on a machine that shares two cores among a dozen processes."""
MIGRATION_SECONDS = 20.0
LOOK_SECONDS = 2.0
VISITS_A_DAY = 12
BEHIND = 300
"""Events that wait before clients are asked to wait: how far a machine may be behind decides how long it heals."""
AREAS = 4

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do to whom.

    Attributes:
        seconds: of load and faults; what heals and reads comes on top.
        rate: bookings begun a second.
        faults: a minute.
        sweep: kill at every crash point that was not met, before the load ends.
    """

    seconds: float
    brokers: int = 1
    rate: float = 7.0
    faults: float = 40.0
    seed: int = 1
    sweep: bool = True


@dataclass(slots=True)
class Campaign:
    """What came of it.

    Attributes:
        ended: how processes ended without having been killed, one sentence each.
    """

    wish: Wish
    history: History
    faults: list[Fault]
    acknowledged: int
    ended: list[str]
    violations: list[Violation] = field(default_factory=list)


async def campaign(folder: Path, wish: Wish, say: Say) -> Campaign:
    """Run one."""
    days = max(2, round(wish.rate * wish.seconds / AREAS / VISITS_A_DAY))
    town = build_town(folder / "data", AREAS, days, nurses=2)
    async with running(folder, wish.brokers) as system:
        say(f"{wish.brokers} broker(s), PostgreSQL, {len(system.rooms)} processes; {AREAS} areas × {days} days")
        halves = await migrate_by_halves(system)
        await system.start_rooms()
        await system.prepare_full_disk()
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as http:
            shifts = await open_shifts(http, system.doors("dispatch")[0], town)
            say(f"{shifts} shifts are open; {wish.seconds:.0f} s of faults begin")
            clients = Clients(http, town, system.doors("booking"), system.doors("dispatch"), wish.seed)
            nemesis = Nemesis(system, wish.seed, faults=halves)
            await _let_loose(system, clients, nemesis, wish, say)
        nemesis.heal()
        say("healing")
        healed = await wait_until_still(system, ALLOWED_SECONDS)
        say(f"at rest after {healed.seconds:.0f} s; {healed.waiting or 'nothing'} waits; reading everything")
        facts = await read_facts(system)
    history = History([*clients.operations, *nemesis.faults, healed, *facts])
    done = Campaign(wish, history, nemesis.faults, clients.acknowledged, nemesis.ended)
    done.violations = check(history)
    return done


async def migrate_by_halves(system: System) -> list[Fault]:
    """Kill the first process of each room in the midst of making its tables."""
    faults = []
    for room in SPEAKERS:
        process = system.rooms[f"{room}-0"]
        process.start(MIGRATION)
    for room in SPEAKERS:
        process = system.rooms[f"{room}-0"]
        if await asyncio.to_thread(process.died_within, MIGRATION_SECONDS):
            faults.append(Fault(kind=MIGRATION, target=process.name, at=0))
    return faults


async def _let_loose(system: System, clients: Clients, nemesis: Nemesis, wish: Wish, say: Say) -> None:
    stop = asyncio.Event()
    load = asyncio.create_task(clients.run(wish.rate, stop))
    harm = asyncio.create_task(nemesis.run(wish.faults, stop))
    until = time.monotonic() + wish.seconds
    told = time.monotonic()
    while time.monotonic() < until and not harm.done() and not load.done():
        await asyncio.sleep(LOOK_SECONDS)
        await _brake(system, clients)
        if time.monotonic() - told > 30:
            told = time.monotonic()
            say(f"{len(nemesis.faults)} faults, {clients.acknowledged} bookings acknowledged")
    if wish.sweep:
        await nemesis.sweep()
    stop.set()
    await harm
    nemesis.heal()
    await load


async def _brake(system: System, clients: Clients) -> None:
    """Ask clients to wait while the rooms are behind, as a queue in front of them would."""
    try:
        behind = await system.backlog()
    except (asyncpg.PostgresError, OSError):
        return  # the database is one of those that are killed
    if behind > BEHIND:
        clients.welcome.clear()
    else:
        clients.welcome.set()
