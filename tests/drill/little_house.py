"""Four rooms in one process without anything that runs by itself: every step is somebody's choice.

Rules, handlers and tables are the house's own; the bus is a list for each lane.
"""

import asyncio
import datetime as dt
import json
import zlib
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.booking.api.change import cancel, reschedule
from services.booking.domain.change import Cancel, Reschedule
from services.booking.handlers import HANDLERS as BOOKING
from services.booking.intake.replies import BookingReply
from services.booking.intake.take import book
from services.booking.service import build as build_booking
from services.booking.store.models import BookingRow, VisitDayRow, VisitRow
from services.dispatch.api.day import ActBody, act
from services.dispatch.api.nurses import add_nurse
from services.dispatch.api.shifts import open_shift
from services.dispatch.domain.acts import Act
from services.dispatch.domain.requests import NurseBody, ShiftBody
from services.dispatch.handlers import HANDLERS as DISPATCH
from services.dispatch.service import build as build_dispatch
from services.dispatch.store.models import AssignmentRow
from services.geocoding.domain.address import Candidate
from services.geocoding.handlers import HANDLERS as GEOCODING
from services.geocoding.locating import resolved
from services.geocoding.service import build as build_geocoding
from services.geocoding.store.models import PlaceRow, PlaceStatus
from services.routing.handlers import HANDLERS as ROUTING
from services.routing.jobs import PlanJobs
from services.routing.service import build as build_routing
from services.routing.settings import RoutingSettings
from services.routing.solver.planner import Result
from services.routing.solver.worker import Job, solve_job
from services.routing.travel.straight_line import StraightLine
from shared.areas import MANIFEST, Area, area_dir
from shared.bus.log import LogBus
from shared.bus.port import Record
from shared.db.migrate import upgrade
from shared.errors import Problem
from shared.events.booking_request import BookingRequest
from shared.events.envelope import decode
from shared.events.ids import AreaId, EventId, NurseId, VisitId
from shared.events.values import MatchKind
from shared.peers import Peers
from shared.runtime import House, Room
from shared.security.tokens import Tokens
from shared.settings import HouseSettings
from tests.drill.history import (
    Assigned,
    Booked,
    Handled,
    Healed,
    History,
    Line,
    Listens,
    Operation,
    Outcome,
    Said,
    Spoken,
)

ROOMS = ("booking", "geocoding", "routing", "dispatch")
SPEAKERS = ROOMS
LANES = 3
AREA = AreaId("maple")
ZONE = "America/New_York"
NOW = dt.datetime(2030, 5, 5, 16, tzinfo=dt.UTC)
FIRST_DAY = dt.date(2030, 5, 6)
NURSES = 2
STEP = dt.timedelta(seconds=2)
ASLEEP = dt.timedelta(seconds=60)
NEXT = {"assigned": Act.EN_ROUTE, "accepted": Act.EN_ROUTE, "en_route": Act.ARRIVED, "arrived": Act.DONE}
HANDLERS = {"booking": BOOKING, "geocoding": GEOCODING, "routing": ROUTING, "dispatch": DISPATCH}
MANIFEST_BODY = {
    "id": AREA,
    "name": "Maple Falls",
    "timezone": ZONE,
    "bbox": (-83, 40, -82, 41),
    "source": "test.osm.pbf",
    "source_sha256": "0" * 64,
    "built_at": NOW,
    "addresses": 1,
    "streets": 1,
    "states": ("OH",),
}


class Crash(Enum):
    """Where a step is broken off."""

    NONE = auto()
    BEFORE_COMMIT = auto()
    AFTER_COMMIT = auto()


class _DiedError(Exception):
    """The process ended here."""


class LittleHouse:
    """The rooms, their databases below a folder, and the lanes between them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now = NOW
        self._lanes: defaultdict[tuple[str, int], list[Record]] = defaultdict(list)
        self._offsets: defaultdict[tuple[str, str, int], int] = defaultdict(int)
        self._commits: dict[tuple[str, str], int] = {}
        self._operations: list[Operation] = []
        self._requests: list[tuple[str, BookingRequest, str]] = []
        self._rooms: dict[str, Room] = {}

    async def open(self) -> None:
        """Build the rooms, make their tables, open the nurses' shifts."""
        manifest = area_dir(self._folder, AREA) / MANIFEST
        manifest.parent.mkdir(parents=True)
        manifest.write_text(Area.model_validate(MANIFEST_BODY).model_dump_json())
        tokens = Tokens(b"s" * 32, self._clock)
        bus = LogBus(self._folder / "unused.sqlite")
        house = House(HouseSettings(data=self._folder), bus, self._clock, tokens, Peers(tokens, {}))
        for build in (build_booking, build_geocoding, build_routing, build_dispatch):
            room = build(house)
            await upgrade(room.db, room.migrations)
            self._rooms[room.name] = room
        quick = RoutingSettings(rounds=0, thorough_rounds=0)
        state: Any = self._rooms["routing"].state
        planning = replace(state, travel=StraightLine(), settings=quick)
        self._gate = asyncio.Event()
        self._planner = PlanJobs(planning, _solved, _solved)
        self._sleeper = PlanJobs(planning, self._solved_late, self._solved_late)
        await self._open_shifts()

    async def close(self) -> None:
        """Close the databases."""
        for room in self._rooms.values():
            if room.close is not None:
                await room.close()
            await room.db.close()

    async def book(self, day: int) -> None:
        """Book on a day, under a fresh key."""
        request = BookingRequest.model_validate(
            {
                "services": ["b12-im-1000"],
                "patient": {"first_name": "Ada", "last_name": "Example", "birth_date": "1980-04-12"},
                "address": {"street": "12 Maple Ave", "city": "Maple Falls", "state": "OH"},
                "any_time_on": [FIRST_DAY + dt.timedelta(days=day)],
            }
        )
        key = str(uuid4())
        booked = await book(self._state("booking"), request, key)
        self._requests.append((key, request, str(booked.booking_id)))
        self._operations.append(
            Operation(act="book", key=key, outcome=Outcome.OK, answers=(str(booked.booking_id),), version=1)
        )

    async def repeat(self, which: int) -> None:
        """Send a booking again under its key."""
        if self._requests:
            key, request, first = self._requests[which % len(self._requests)]
            again = await book(self._state("booking"), request, key)
            answers = (first, str(again.booking_id))
            self._operations.append(Operation(act="book", key=key, outcome=Outcome.OK, answers=answers))

    async def move(self, which: int, day: int) -> None:
        """Wish for another day."""
        wish = Reschedule(any_time_on=[FIRST_DAY + dt.timedelta(days=day)])
        await self._change("reschedule", which, lambda state, booking_id: reschedule(state, booking_id, wish))

    async def cancel(self, which: int) -> None:
        """Call a booking off."""
        await self._change("cancel", which, lambda state, booking_id: cancel(state, booking_id, Cancel()))

    async def relay(self, room: str, crash: Crash) -> None:
        """Publish what waits, in order, then mark it."""
        outbox, db = self._rooms[room].outbox, self._rooms[room].db
        assert outbox is not None
        async with db.reading() as session:
            batch = await outbox.waiting(session, 50)
        if not batch or crash is Crash.BEFORE_COMMIT:
            return
        for row in batch:
            lane = zlib.crc32(row.message.key) % LANES
            records = self._lanes[row.message.topic, lane]
            message = row.message
            records.append(Record(message.topic, message.key, message.value, message.headers, lane, len(records)))
        if crash is Crash.NONE:
            async with db.transaction() as session:
                await outbox.mark(session, batch, self._clock())

    async def deliver(self, room: str, lane: int, count: int, crash: Crash = Crash.NONE) -> None:
        """Have a room handle the next records of a lane of each topic it listens to."""
        consumer = self._rooms[room].consumer
        assert consumer is not None
        for topic in sorted({event.topic for event in HANDLERS[room]}):
            begin = self._offsets[room, topic, lane]
            for record in self._lanes[topic, lane][begin : begin + count]:
                try:
                    async with consumer._handling.db.transaction() as session:
                        await consumer._handling._handle_one(record, session)
                        if crash is Crash.BEFORE_COMMIT:
                            raise _DiedError  # noqa: TRY301 - it rolls the transaction back
                except _DiedError:
                    return
                self._commits.setdefault((room, record.headers["ce_id"].decode()), len(self._commits) + 1)
                if crash is Crash.AFTER_COMMIT:
                    return
                self._offsets[room, topic, lane] += 1

    async def locate(self) -> None:
        """Find every address that is queued."""
        async with self._rooms["geocoding"].db.transaction() as session:
            pending = select(PlaceRow).where(PlaceRow.status == PlaceStatus.PENDING)
            for row in (await session.exec(pending)).all():
                place = Candidate(40.2, -82.5, MatchKind.ADDRESS, 1.0, "12 Maple Ave", "OH", "local")
                await resolved(session, row, place)

    async def plan(self) -> None:
        """Plan what is due."""
        self._now += STEP
        for _ in range(20):
            if await self._planner.work() > 0:
                await self._planner.searched()
                return

    async def plan_late(self) -> None:
        """Have a worker finish after its lease is over and another has planned the day."""
        self._now += STEP
        self._gate.clear()
        asleep = asyncio.ensure_future(self._sleeper.work())
        await asyncio.sleep(0.05)
        self._now += ASLEEP
        await self.plan()
        self._gate.set()
        await asleep
        await self._sleeper.searched()

    async def act(self, which: int) -> None:
        """Have a nurse take the next step at a visit; what she may not do is refused."""
        async with self._rooms["dispatch"].db.reading() as session:
            rows = (await session.exec(select(AssignmentRow).order_by(col(AssignmentRow.visit_id)))).all()
        able = [row for row in rows if row.progress in NEXT]
        if able:
            row = able[which % len(able)]
            body = ActBody(act_id=EventId(uuid4()), act=NEXT[row.progress], nurse_id=NurseId(row.nurse_id))
            with suppress(Problem):
                await act(VisitId(row.visit_id), body, self._state("dispatch"))

    async def flow(self, rounds: int) -> None:
        """Let everything go its way, so many times round."""
        for _ in range(rounds):
            for room in ROOMS:
                await self.relay(room, Crash.NONE)
                for lane in range(LANES):
                    await self.deliver(room, lane, 10_000)
            await self.locate()
            await self.plan()

    async def history(self, *, at_rest: bool) -> History:
        """Return what the checker is to judge."""
        lines: list[Line] = [*self._operations]
        for records in self._lanes.values():
            lines += [_spoken(record) for record in records]
        for name, room in self._rooms.items():
            lines.append(Listens(room=name, types=tuple(event.event_type for event in HANDLERS[name])))
            assert room.inbox is not None
            assert room.outbox is not None
            async with room.db.reading() as session:
                connection = await session.connection()
                heard = (await connection.execute(room.inbox.table.select())).all()
                said = (await connection.execute(room.outbox.table.select())).all()
            lines += [
                Handled(room=name, event_id=str(row.event_id), commit=self._commits.get((name, str(row.event_id))))
                for row in heard
            ]
            lines += [
                Said(
                    room=name,
                    seq=row.seq,
                    event_id=str(row.event_id),
                    topic=row.topic,
                    key=row.key.decode(),
                    published=row.published_at is not None,
                )
                for row in said
            ]
        lines += await self._booked()
        if at_rest:
            lines += await self._assigned()
            lines.append(Healed(seconds=0, allowed=1))
        return History(lines)

    async def _booked(self) -> list[Line]:
        async with self._rooms["booking"].db.reading() as session:
            bookings = (await session.exec(select(BookingRow))).all()
            visits = {row.booking_id: row for row in (await session.exec(select(VisitRow))).all()}
            days = (await session.exec(select(VisitDayRow))).all()
        lines: list[Line] = []
        for row in bookings:
            visit = visits[row.booking_id]
            mine = [day for day in days if day.visit_id == visit.visit_id]
            shifts = [str(day.assignment["shift_id"]) for day in mine if day.assignment]
            left_out = [day.left_out for day in mine if day.left_out]
            lines.append(
                Booked(
                    booking_id=str(row.booking_id),
                    reference=None,
                    visit_id=str(visit.visit_id),
                    version=visit.version,
                    cancelled=visit.cancelled_at is not None,
                    answer="assigned" if shifts else next(iter(left_out), None),
                    shift_id=next(iter(shifts), None),
                )
            )
        return lines

    async def _assigned(self) -> list[Line]:
        async with self._rooms["dispatch"].db.reading() as session:
            rows = (await session.exec(select(AssignmentRow))).all()
        return [
            Assigned(visit_id=str(row.visit_id), shift_id=str(row.shift_id), progress=row.progress)
            for row in rows
            if row.progress != "withdrawn"
        ]

    async def _change(self, kind: str, which: int, change: Callable[[Any, UUID], Awaitable[BookingReply]]) -> None:
        if not self._requests:
            return
        booking_id = self._requests[which % len(self._requests)][2]
        try:
            reply = await change(self._state("booking"), UUID(booking_id))
        except Problem:
            return  # too late for that
        self._operations.append(
            Operation(
                act=kind, key=str(uuid4()), outcome=Outcome.OK, visit_id=str(reply.visit_id), version=reply.version
            )
        )

    async def _open_shifts(self) -> None:
        state = self._state("dispatch")
        for number in range(NURSES):
            who = {"nurse_ref": f"N{number}", "name": "Ann", "skills": ["injection"], "licences": ["RN:OH"]}
            nurse = await add_nurse(NurseBody.model_validate(who), state)
            for day in range(3):
                date = FIRST_DAY + dt.timedelta(days=day)
                body = {
                    "nurse_id": nurse.nurse_id,
                    "area_id": AREA,
                    "start": f"{date}T08:00:00-04:00",
                    "end": f"{date}T18:00:00-04:00",
                    "start_point": {"lat": 40.1, "lon": -82.5},
                }
                await open_shift(ShiftBody.model_validate(body), state)

    async def _solved_late(self, job: Job) -> Result:
        await self._gate.wait()
        return solve_job(job)

    def _state(self, room: str) -> Any:  # each room has a class of its own
        return self._rooms[room].state

    def _clock(self) -> dt.datetime:
        return self._now


async def _solved(job: Job) -> Result:
    return solve_job(job)


def _spoken(record: Record) -> Spoken:
    envelope = decode(record)
    return Spoken(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key.decode(),
        event_id=str(envelope.id),
        type=envelope.type,
        body=json.loads(record.value),
    )
