"""The command: campaigns, control runs, a table, the history as a file, and a last line that sums up."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.drill.campaign import Campaign, Wish, campaign
from tests.drill.checker import INVARIANTS
from tests.drill.fuses import MIGRATION, POINTS

SHARE_OF_ONE_BROKER = 2 / 3


def main(arguments: Sequence[str]) -> int:
    """Run the drill; return 1 on a violation or a control that was not caught."""
    options = _options(arguments)
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:6.0f} s] {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="rounds-drill-") as scratch:
        done = []
        for brokers, share in ((1, SHARE_OF_ONE_BROKER), (3, 1 - SHARE_OF_ONE_BROKER)):
            if brokers in options.brokers:
                seconds = options.minutes * 60 * (share if len(options.brokers) > 1 else 1)
                wish = Wish(seconds, brokers, options.rate, options.faults, options.seed)
                done.append(asyncio.run(campaign(Path(scratch) / f"brokers-{brokers}", wish, say)))
    options.history.mkdir(parents=True, exist_ok=True)
    for each in done:
        each.history.write(options.history / f"history-{each.wish.brokers}.jsonl")
    return report(done)


def report(done: Sequence[Campaign]) -> int:
    """Print the table and the last line; return the exit code."""
    console = Console(width=110)
    kinds = Counter(fault.kind for each in done for fault in each.faults)
    points = sorted({point for points in POINTS.values() for point in points} | {MIGRATION})
    faults = Table(title="Faults", title_justify="left")
    for heading in ("what", "times"):
        faults.add_column(heading)
    for kind in [*points, *sorted(kinds.keys() - set(points))]:
        faults.add_row(kind, str(kinds[kind]))
    faults.add_row("webhook: after POST before the mark", "not yet: no webhooks")
    faults.add_row("key rotation: half-way", "not yet: no rotation")
    console.print(faults)
    violations = Counter(violation.invariant for each in done for violation in each.violations)
    table = Table(title="Invariants", title_justify="left")
    for heading in ("", "what must hold", "violations"):
        table.add_column(heading)
    for invariant in INVARIANTS:
        table.add_row(invariant.name, invariant.sentence, invariant.absent or str(violations[invariant.name]))
    console.print(table)
    for each in done:
        for violation in each.violations[:20]:
            console.print(f"{violation.invariant}: {violation.sentence}", markup=False, highlight=False)
    print(
        f"drill: {kinds.total()} faults, {sum(each.acknowledged for each in done)} bookings acknowledged, {violations}"
    )
    return 1 if violations else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drill")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--brokers", type=int, nargs="+", default=[1, 3], choices=[1, 3])
    parser.add_argument("--rate", type=float, default=7, help="bookings begun a second")
    parser.add_argument("--faults", type=float, default=40, help="a minute")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history", type=Path, default=Path(".data/drill"), help="where the histories are written")
    return parser.parse_args(arguments)
