"""The load: booking systems and nurses who repeat what was not answered, impatient ones who hang up, and replays."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from shared.bus.waiting import wait_any
from tests.drill.history import Operation, Outcome
from tests.drill.town import Town

CANARY = "Kanarienvogel"
"""A patient's name that may be read at home only."""
HANG_UP, REPLAY, RESCHEDULE, CANCEL, ACT = 0.04, 0.12, 0.12, 0.1, 0.6
TOMORROW = 0.03
"""The share of bookings for the one day on which nurses may begin already."""
LATER_SECONDS = (0.5, 15.0)
PAUSE_SECONDS = (0.2, 1.0)
REPLY_SECONDS = 10.0
BRAKE_SECONDS = 30.0
GIVE_UP_SECONDS = 120.0
AGAIN = (409, 425, 429)
"""Answers to a POST that may turn out otherwise: the first request is still being worked on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was told in the end; status 0: nothing, ever."""

    status: int
    body: dict[str, Any]
    attempts: int

    @property
    def outcome(self) -> Outcome:
        """Return what it knows from that."""
        if not self.status:
            return Outcome.UNKNOWN
        return Outcome.OK if self.status < 300 else Outcome.REFUSED


@dataclass
class Clients:
    """Booking systems and nurses.

    Attributes:
        booking: where booking's processes listen; any will do.
        dispatch: where dispatch's do.
        welcome: clear, it lets no further booking begin for a while: a slow machine is behind.
        operations: what was wanted and what was told, as the history has it.
    """

    http: aiohttp.ClientSession
    town: Town
    booking: Sequence[str]
    dispatch: Sequence[str]
    seed: int
    began: float = field(default_factory=time.monotonic)
    operations: list[Operation] = field(default_factory=list)
    acknowledged: int = 0
    welcome: asyncio.Event = field(default_factory=asyncio.Event)
    acted: set[str] = field(default_factory=set)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a load that can be made again

    async def run(self, rate: float, stop: asyncio.Event) -> None:
        """Begin so many bookings a second while ``welcome`` is set; return when all have ended."""
        self.welcome.set()
        async with asyncio.TaskGroup() as lives:
            while not stop.is_set():
                lives.create_task(self.live())
                await wait_any(self._random.expovariate(rate), stop)
                await wait_any(BRAKE_SECONDS, self.welcome, stop)

    async def live(self) -> None:
        """Book, and perhaps repeat it, wish for another day, have the nurse come, or call it off."""
        chance = self._random.random
        key, body = str(uuid4()), self.wish()
        booked = await self.book(key, body)
        if booked is None:
            return
        booking_id, visit_id = booked["booking_id"], booked["visit_id"]
        if chance() < RESCHEDULE:
            await self._later()
            wish = {"any_time_on": [self._date()]}
            await self.change("reschedule", f"/v1/bookings/{booking_id}/reschedule", wish, visit_id)
        if chance() < ACT and body["any_time_on"] == [self.town.dates[0].isoformat()]:
            await self._later()
            await self._visit(body["area_id"], visit_id)
        if chance() < CANCEL:
            await self._later()
            await self.change("cancel", f"/v1/bookings/{booking_id}/cancel", {"reason": "patient"}, visit_id)

    async def book(self, key: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """Book until there is an answer, and perhaps once more; return the reply, or None if it was refused."""
        began = self._now()
        headers = {"idempotency-key": f'"{key}"'}
        first = await self._ask(self.booking, "/v1/bookings", body, headers)
        answers = [first.body] if first.outcome is Outcome.OK else []
        attempts = first.attempts
        if answers and self._random.random() < REPLAY:
            again = await self._ask(self.booking, "/v1/bookings", body, headers)
            attempts += again.attempts
            answers += [again.body] if again.outcome is Outcome.OK else []
        self.acknowledged += bool(answers)
        self.operations.append(
            Operation(
                act="book",
                key=key,
                outcome=first.outcome,
                attempts=attempts,
                answers=tuple(answer["booking_id"] for answer in answers),
                visit_id=answers[0]["visit_id"] if answers else None,
                version=answers[0]["version"] if answers else 0,
                began=began,
                ended=self._now(),
            )
        )
        return answers[0] if answers else None

    async def change(self, act: str, path: str, body: dict[str, Any], visit_id: str) -> None:
        """Wish for something else until there is an answer."""
        began = self._now()
        answer = await self._ask(self.booking, path, body, {}, final=(409,))
        self.operations.append(
            Operation(
                act=act,
                key=str(uuid4()),
                outcome=answer.outcome,
                attempts=answer.attempts,
                visit_id=visit_id,
                version=answer.body.get("version", 0) if answer.outcome is Outcome.OK else 0,
                began=began,
                ended=self._now(),
            )
        )

    async def _visit(self, area_id: str, visit_id: str) -> None:
        """Have the nurse who holds the visit go there; she may hold another, or none may."""
        where = {"area_id": area_id, "date": self.town.dates[0].isoformat()}
        try:
            async with self.http.get(f"{self._one_of(self.dispatch)}/v1/assignments", params=where) as reply:
                found = (await reply.json())["assignments"] if reply.ok else []
        except (aiohttp.ClientError, TimeoutError, OSError):
            return
        nurse_id = next((entry["nurse_id"] for entry in found if entry["visit_id"] == visit_id), None)
        for act in ("en_route", "arrived", "done") if nurse_id else ():
            act_id = str(uuid4())
            body = {"act_id": act_id, "act": act, "nurse_id": nurse_id}
            began = self._now()
            answer = await self._ask(self.dispatch, f"/v1/visits/{visit_id}/acts", body, {}, final=(404, 409))
            self.operations.append(
                Operation(
                    act=act,
                    key=act_id,
                    outcome=answer.outcome,
                    attempts=answer.attempts,
                    began=began,
                    ended=self._now(),
                )
            )
            if answer.outcome is not Outcome.OK:
                return
            self.acted.add(act_id)

    async def _ask(
        self,
        doors: Sequence[str],
        path: str,
        body: dict[str, Any],
        headers: dict[str, str],
        final: Sequence[int] = (),
    ) -> Answer:
        """Ask at any door until there is an answer that says something; now and then hang up before it comes."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        attempts = 0
        while time.monotonic() < deadline:
            attempts += 1
            patience = self._random.uniform(0.001, 0.03) if self._random.random() < HANG_UP else REPLY_SECONDS
            try:
                async with asyncio.timeout(patience):
                    async with self.http.post(self._one_of(doors) + path, json=body, headers=headers) as reply:
                        status = reply.status
                        if status < 500 and (status not in AGAIN or status in final):
                            return Answer(status, await reply.json(), attempts)
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass  # no answer: nobody knows what was done, so it is asked again
            await asyncio.sleep(self._random.uniform(*PAUSE_SECONDS))
        return Answer(0, {}, attempts)

    def wish(self) -> dict[str, Any]:
        """Return a booking at one of the houses, on one of the days."""
        house = self._random.choice(self.town.addresses)
        return {
            "services": ["b12-im-1000"],
            "patient": {"first_name": CANARY, "last_name": CANARY, "birth_date": "1980-04-12"},
            "address": {"line": f"{house.number} {house.street}, {house.city}, {house.state} {house.postcode}"},
            "notes": f"{CANARY} is in.",
            "any_time_on": [self._date()],
            "area_id": self._random.choice(self.town.areas).id,
        }

    def _date(self) -> str:
        tomorrow = self._random.random() < TOMORROW
        return (self.town.dates[0] if tomorrow else self._random.choice(self.town.dates)).isoformat()

    async def _later(self) -> None:
        await asyncio.sleep(self._random.uniform(*LATER_SECONDS))

    def _now(self) -> float:
        return round(time.monotonic() - self.began, 3)

    def _one_of(self, doors: Sequence[str]) -> str:
        return self._random.choice(doors)
