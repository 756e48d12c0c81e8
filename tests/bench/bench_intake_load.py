"""Open load on POST /v1/bookings, as a process: ``python -m tests.bench.bench_intake_load URL RATE SECONDS``.

Requests leave by a schedule, whatever became of those before, and each latency is measured from the scheduled time:
a stall counts for everybody who would have come in the meantime (as in wrk2). Prints one JSON object.
"""

import asyncio
import datetime as dt
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import aiohttp

from tests.booking.desk import booking

PATIENCE_SECONDS = 30.0
WARM_UP = 50


@dataclass(slots=True)
class Load:
    """One run.

    Attributes:
        statuses: how often each status was answered; 0 stands for no answer.
        seconds: of each request that was acknowledged, from its scheduled time.
    """

    url: str
    name: str = field(default_factory=lambda: uuid4().hex[:8])
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    async def run(self, rate: float, seconds: float) -> dict[str, object]:
        """Send ``rate`` requests a second at random instants for so many seconds; return what was measured."""
        chance = random.Random(1)  # noqa: S311 - arrivals, not secrets
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=60)
        timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            for number in range(WARM_UP):
                await self._post(session, number, time.perf_counter())
            self.statuses.clear()
            self.seconds.clear()
            begun = due = time.perf_counter()
            number = WARM_UP
            async with asyncio.TaskGroup() as tasks:
                while due < begun + seconds:
                    if (early := due - time.perf_counter()) > 0:
                        await asyncio.sleep(early)
                    tasks.create_task(self._post(session, number, due))
                    due += chance.expovariate(rate)
                    number += 1
            took = time.perf_counter() - begun
        return {
            "sent": number - WARM_UP,
            "statuses": dict(self.statuses),
            "took": took,
            "milliseconds": sorted(1000 * each for each in self.seconds),
            "client_cpu": time.process_time(),
        }

    async def _post(self, session: aiohttp.ClientSession, number: int, due: float) -> None:
        headers = {"Idempotency-Key": f'"{self.name}-{number}"', "Content-Type": "application/json"}
        try:
            async with session.post(f"{self.url}/v1/bookings", data=self._body(number), headers=headers) as reply:
                await reply.read()
        except (aiohttp.ClientError, TimeoutError):
            self.statuses[0] += 1
            return
        self.statuses[reply.status] += 1
        if reply.status == 201:
            self.seconds.append(time.perf_counter() - due)

    def _body(self, number: int) -> bytes:
        """A booking with a reference of its own, for tomorrow; every fourth is of a patient known by reference."""
        start = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).replace(microsecond=0)
        windows = [{"start": start.isoformat(), "end": (start + dt.timedelta(hours=3)).isoformat()}]
        patient = {"first_name": "Ada", "last_name": f"Load {number}", "birth_date": "1980-04-12"}
        if number % 4 == 0:
            patient["reference"] = f"{self.name}-P{number}"
        body = booking(reference=f"{self.name}-{number}", patient=patient, windows=windows, notes="Ring twice.")
        return json.dumps(body).encode()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Load(sys.argv[1]).run(float(sys.argv[2]), float(sys.argv[3])))))
