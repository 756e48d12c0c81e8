"""The command: campaigns, control runs, a table, the history as a file, and a last line that sums up."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from tests.drill.campaign import Campaign, Say, Wish, campaign
from tests.drill.checker import INVARIANTS
from tests.drill.controls import CONTROLS, run_controls
from tests.drill.emptiness import crash_points, gaps

SHARE_OF_ONE_BROKER = 2 / 3
SHOWN = 20
CAUGHT = "caught"
NOT_YET = (
    ("webhook: after POST before the mark", "not yet: no webhooks"),
    ("key rotation: half-way", "not yet: no rotation"),
)


def main(arguments: Sequence[str]) -> int:
    """Run the drill; return 1 on a violation, on a control that was not caught, and when too little was tried."""
    options = _options(arguments)
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:6.0f} s] {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="rounds-drill-") as scratch:
        control = _controls(Path(scratch), say)
        done = []
        for brokers, share in ((1, SHARE_OF_ONE_BROKER), (3, 1 - SHARE_OF_ONE_BROKER)):
            if brokers in options.brokers:
                seconds = options.minutes * 60 * (share if len(options.brokers) > 1 else 1)
                wish = Wish(seconds, brokers, options.rate, options.faults, options.seed)
                folder = Path(scratch) / f"brokers-{brokers}"
                done.append(asyncio.run(campaign(folder, wish, say), loop_factory=uvloop.new_event_loop))
    options.history.mkdir(parents=True, exist_ok=True)
    for each in done:
        each.history.write(options.history / f"history-{each.wish.brokers}.jsonl")
    return report(done, control)


def _controls(folder: Path, say: Say) -> Mapping[str, str]:
    """Run the controls; return for each guard what came of it."""
    say("control runs: the same faults without the guards, then with them")
    off, on = (
        asyncio.run(run_controls(folder / name, guards_off=name == "off"), loop_factory=uvloop.new_event_loop)
        for name in ("off", "on")
    )
    return {
        control.guard: CAUGHT
        if control.caught(off) and not control.caught(on)
        else "seen with the guard on, too"
        if control.caught(on)
        else "not caught"
        for control in CONTROLS
    }


def report(done: Sequence[Campaign], controls: Mapping[str, str]) -> int:
    """Print the tables and the last line; return the exit code."""
    console = Console(width=110)
    violations = Counter(violation.invariant for each in done for violation in each.violations)
    console.print(_faults_table(done))
    console.print(_invariants_table(violations))
    console.print(_table("Controls", ("without", "the checker"), list(controls.items())))
    for each in done:
        for violation in each.violations[:SHOWN]:
            console.print(f"{violation.invariant}: {violation.sentence}", markup=False, highlight=False)
    holes = [hole for each in done for hole in gaps(each)]
    for hole in holes:
        console.print(hole, markup=False, highlight=False)
    caught = sum(found == CAUGHT for found in controls.values())
    acknowledged = sum(each.acknowledged for each in done)
    print(
        f"drill: {sum(len(each.faults) for each in done):,} faults, {acknowledged:,} bookings acknowledged: "
        f"{violations['I1']} lost, {violations['I2'] + violations['I4'] + violations['I5']} doubled or missing, "
        f"{violations['I3'] + violations['I6']} order violations, {violations.total()} violations in all, "
        f"{caught} of {len(controls)} controls caught, {len(holes)} gaps in what was tried"
    )
    return 1 if violations or holes or not done or caught < len(controls) else 0


def _faults_table(done: Sequence[Campaign]) -> Table:
    kinds = Counter(fault.kind for each in done for fault in each.faults)
    points = crash_points()
    rows = [(kind, str(kinds[kind])) for kind in (*sorted(points), *sorted(kinds.keys() - points))]
    ended = sum(len(each.ended) for each in done)
    return _table("Faults", ("what", "times"), [*rows, *NOT_YET, ("processes that ended by themselves", str(ended))])


def _invariants_table(violations: Counter[str]) -> Table:
    rows = [(each.name, each.sentence, each.absent or str(violations[each.name])) for each in INVARIANTS]
    return _table("Invariants", ("", "what must hold", "violations"), rows)


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*headings, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    return table


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.drill")
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--brokers", type=int, nargs="+", default=[1, 3], choices=[1, 3])
    parser.add_argument("--rate", type=float, default=7, help="bookings begun a second")
    parser.add_argument("--faults", type=float, default=40, help="a minute")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history", type=Path, default=Path(".data/drill"), help="where the histories are written")
    return parser.parse_args(arguments)
