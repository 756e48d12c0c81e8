"""How fast one process of the booking room takes bookings over HTTP: ``python -m tests.bench intake``.

The room runs alone, as it would in a distributed system, on PostgreSQL with durable commits and then on SQLite; its
relay publishes into the embedded bus. The load is open (see bench_intake_load). ``INTAKE_RATE`` and ``INTAKE_SECONDS``
change it.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.dev.postgres import postgres
from deploy.dev.unavailable import Unavailable
from shared.areas import MANIFEST, area_dir
from tests.bench.bench_intake_load import WARM_UP
from tests.bench.finding import Finding, show
from tests.booking.desk import area

RATE = float(os.environ.get("INTAKE_RATE", "430"))
SECONDS = float(os.environ.get("INTAKE_SECONDS", "20"))
START_SECONDS = 60.0


def measure(database: dict[str, str]) -> dict[str, Any]:
    """Return what the load measured, with the room's CPU seconds.

    Args:
        database: environment that names the room's database; nothing for SQLite.
    """
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch)
        area_dir(data, area().id).mkdir(parents=True)
        (area_dir(data, area().id) / MANIFEST).write_text(area().model_dump_json())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "ROUNDS_DATA": scratch, "ROUNDS_PORT": str(port), **database}
        with (data / "log").open("w") as log:
            room = subprocess.Popen([sys.executable, "-m", "services.booking"], env=environment, stderr=log)
            try:
                _wait_for(url)
                before = _cpu(room.pid)
                command = [sys.executable, "-m", "tests.bench.bench_intake_load", url, str(RATE), str(SECONDS)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
                found: dict[str, Any] = json.loads(done.stdout)
                return {**found, "room_cpu": _cpu(room.pid) - before}
            finally:
                room.terminate()
                room.wait()


def _wait_for(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(f"{url}/v1/services").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _cpu(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


def _findings(where: str, found: dict[str, Any], *, targets: bool) -> list[Finding]:
    waited = found["milliseconds"]
    taken = len(waited)
    rate, cpu = taken / found["took"], 1000 * found["room_cpu"] / (taken + WARM_UP)
    p50, p95, p99 = (waited[int(taken * share)] for share in (0.5, 0.95, 0.99))
    refused = found["sent"] - taken
    load = psutil.getloadavg()[0]
    told = f"{rate:,.0f}/s of {RATE:,.0f}/s offered; {refused} not taken"
    return [
        Finding(f"{where}: acknowledged", told, "≥ 400/s" if targets else "", rate >= 400 if targets else None),
        Finding(
            f"{where}: p99 (p50, p95), from the scheduled time",
            f"{p99:,.0f} ms ({p50:,.0f}, {p95:,.0f}); load {load:.1f}",
            "< 100 ms" if targets else "",
            p99 < 100 if targets else None,
        ),
        Finding(f"{where}: CPU of the room a booking, relay included", f"{cpu:.2f} ms"),
    ]


def main() -> Sequence[Finding]:
    """Measure and print the table."""
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="rounds-intake-") as folder:
        Path(folder).chmod(0o711)  # the server runs as somebody else when we are root
        try:
            with postgres(Path(folder)) as server:
                server.create("rounds_booking")
                found = measure({"ROUNDS_DATABASE_URL": server.template, "ROUNDS_DATABASE_UPGRADE": "true"})
                findings += _findings("PostgreSQL", found, targets=True)
        except Unavailable as error:
            findings.append(Finding("PostgreSQL", f"skipped: {error}"))
    findings += _findings("SQLite", measure({}), targets=False)
    show(f"Intake over HTTP, one process, {SECONDS:.0f} s of open load", findings)
    return findings


if __name__ == "__main__":
    main()
