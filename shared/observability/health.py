"""Whether a process lives, and whether it can work: ``/healthz`` and ``/readyz``, with a sentence for each check.

A process that fails ``/healthz`` is restarted, so only what a restart mends may fail it. ``/readyz`` takes it out of
the load balancer for as long as it cannot keep what it is given.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from alembic.script import ScriptDirectory
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from shared.db.transient import is_transient

if TYPE_CHECKING:
    from shared.runtime import House, Room

OK = "ok"
STUCK_SECONDS = 180.0
"""A consumer comes round at least this often, whatever it waits for: see ``ConsumerSettings``."""
ANSWER_SECONDS = 2.0
"""How long a database may take to answer; orchestrators ask with little more patience."""

_REVISION = text("SELECT version_num FROM alembic_version")

type Checks = dict[str, str]
"""What was looked at, and "ok" or a sentence."""


def health_router(house: "House", rooms: Sequence["Room"]) -> APIRouter:
    """Return the endpoints that machines ask every few seconds."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        checks = {"tasks": _tasks(house), "consumers": _consumers(rooms if house.working.is_set() else ())}
        alive = all(found == OK for found in checks.values())
        return _answer("alive" if alive else "dead", checks, ok=alive)

    @router.get("/readyz")
    async def readyz() -> Response:
        checks = {"process": _process(house), **await _databases(rooms)}
        able = all(found == OK for found in checks.values())
        checks["bus"] = house.bus.trouble or OK
        status = "unready" if not able else "ready" if checks["bus"] == OK else "degraded"
        return _answer(status, checks, ok=able)

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def _answer(status: str, checks: Checks, *, ok: bool) -> Response:
    code = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse({"status": status, "checks": checks}, code, headers={"Cache-Control": "no-store"})


def _tasks(house: "House") -> str:
    """Background tasks end when the house stops, and never before."""
    dead = sorted(task.get_name() for task in house.running if task.done())
    if not dead or house.stopping.is_set():
        return OK
    return f"{', '.join(dead)} ended although nothing told it to. Restart this process, and look for it in its log."


def _consumers(rooms: Iterable["Room"]) -> str:
    now = time.monotonic()
    stuck = [
        f"{room.name} has not come round for {now - room.consumer.alive_at:.0f} s"
        for room in rooms
        if room.consumer is not None and now - room.consumer.alive_at > STUCK_SECONDS
    ]
    return OK if not stuck else f"The consumer of {'; of '.join(stuck)}. Restart this process."


def _process(house: "House") -> str:
    if house.stopping.is_set():
        return "The process is stopping; it takes nothing new."
    return OK if house.working.is_set() else "The process is starting: it waits for its database."


async def _databases(rooms: Sequence["Room"]) -> Checks:
    found = await asyncio.gather(*(_database(room) for room in rooms))
    away = [f"{room.name}: {problem}" for room, (problem, _) in zip(rooms, found, strict=True) if problem != OK]
    wrong = [f"{room.name}: {problem}" for room, (_, problem) in zip(rooms, found, strict=True) if problem != OK]
    return {"database": " ".join(away) or OK, "migrations": " ".join(wrong) or OK}


async def _database(room: "Room") -> tuple[str, str]:
    """Return what is wrong with a room's database, and with its tables."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS), room.db.reading() as session:
            revision = await (await session.connection()).scalar(_REVISION)
    except TimeoutError:
        return f"it did not answer within {ANSWER_SECONDS:.0f} s.", OK
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is that it does not work
        what = "it is away or busy" if is_transient(error) else "it refuses to be read"
        return f"{what} ({type(error).__name__}).", OK
    head, known = _revisions(room.migrations)
    # A revision that nobody here knows is a newer release's, upgrading while this process still serves. Migrations only
    # add, so it can; all of a room's processes going unready at once would be the gap that a rolling restart avoids.
    if revision == head or (revision is not None and revision not in known):
        return OK, OK
    return OK, f"it is at revision {revision}, and this release works with {head}. Run `rounds db upgrade`."


@cache
def _revisions(migrations: Path) -> tuple[str | None, frozenset[str]]:
    """Return the newest revision of a room in this release, and all of them."""
    script = ScriptDirectory(str(migrations))
    return script.get_current_head(), frozenset(each.revision for each in script.walk_revisions())
