"""Measure: ``python -m tests.bench`` everything but ``demo``, ``python -m tests.bench NAME ...`` some of it.

Each bench prints its table; the end is what of it has a target.
"""

import sys
from importlib import import_module

import psutil
from rich.console import Console

from tests.bench.finding import WIDTH, Finding, show

BENCHES = {
    "geocoder": "bench_geocoder",
    "travel": "bench_travel",
    "bus": "bench_bus",
    "postgres": "bench_postgres",
    "intake": "bench_intake",
    "planner": "bench_planner_first",
    "scale": "bench_scale",
    "latency": "bench_latency",
    "outage": "bench_outage",
    "day": "bench_day",
    "kill": "bench_kill",
    "demo": "bench_demo",
}
ASKED_FOR = frozenset({"demo"})
"""Measured when named: a cold demonstration downloads half a gigabyte."""


def main(names: list[str]) -> int:
    """Run benches and print the summary; return 1 if a target was missed, 2 if there is no such bench."""
    console = Console(width=WIDTH)
    if unknown := [name for name in names if name not in BENCHES]:
        console.print(f"There is no bench called {', '.join(unknown)}. There are: {', '.join(BENCHES)}.")
        return 2
    findings: list[Finding] = []
    for name in names or [name for name in BENCHES if name not in ASKED_FOR]:
        findings += import_module(f"tests.bench.{BENCHES[name]}").main() or ()
    targets = [finding for finding in findings if finding.target]
    if targets:
        show("What it must show", targets)
    load = ", ".join(f"{average:.1f}" for average in psutil.getloadavg())
    console.print(f"{psutil.cpu_count()} cores; load over the last 1, 5 and 15 minutes: {load}")
    return 1 if any(finding.met is False for finding in targets) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
