"""How fast the booking room, alone in a process on SQLite, takes bookings: ``python -m tests.bench.bench_booking``."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from shared.areas import MANIFEST, area_dir
from tests.bench.finding import Finding, show
from tests.booking.desk import area, booking

BOOKINGS = 2_000
AT_ONCE = 16


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def _ready(client: httpx.AsyncClient) -> None:
    while True:
        try:
            (await client.get("/v1/services")).raise_for_status()
        except httpx.TransportError:
            await asyncio.sleep(0.05)
        else:
            return


async def _post_all(client: httpx.AsyncClient, windows: list[dict[str, str]]) -> tuple[float, list[float]]:
    """Return bookings a second, and the seconds each took."""
    numbers = iter(range(BOOKINGS))
    took: list[float] = []

    async def work() -> None:
        for number in numbers:
            begun = time.perf_counter()
            body = booking(reference=f"B-{number}", windows=windows)
            reply = await client.post("/v1/bookings", json=body, headers={"Idempotency-Key": f'"{number}"'})
            reply.raise_for_status()
            took.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return BOOKINGS / (time.perf_counter() - begun), took


def measure() -> dict[str, float]:
    """Return bookings a second and the times they took, in milliseconds."""
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch)
        area_dir(data, area().id).mkdir(parents=True)
        (area_dir(data, area().id) / MANIFEST).write_text(area().model_dump_json())
        port = _free_port()
        environment = {**os.environ, "ROUNDS_DATA": scratch, "ROUNDS_PORT": str(port)}
        tomorrow = time.time() + 86_400
        stamps = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(tomorrow + hours * 3600)) for hours in (0, 3)]
        with (data / "log").open("w") as log:
            room = subprocess.Popen([sys.executable, "-m", "services.booking"], env=environment, stderr=log)
            try:
                rate, took = asyncio.run(_measure(port, [{"start": stamps[0], "end": stamps[1]}]))
            finally:
                room.terminate()
                room.wait()
    cuts = statistics.quantiles(took, n=100)
    return {"bookings a second": rate, "p50 ms": 1000 * cuts[49], "p95 ms": 1000 * cuts[94]}


async def _measure(port: int, windows: list[dict[str, str]]) -> tuple[float, list[float]]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        await _ready(client)
        return await _post_all(client, windows)


def main() -> Sequence[Finding]:
    """Measure and print the table."""
    findings = [Finding(what, f"{figure:,.1f}") for what, figure in measure().items()]
    show(f"The booking room alone, {BOOKINGS} bookings, {AT_ONCE} at once", findings)
    return findings


if __name__ == "__main__":
    main()
