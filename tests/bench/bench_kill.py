"""Twenty times kill -9 in the midst of an import of 200 bookings, and what became of them."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from services.demo import DemoWish, prepare
from shared.bus.port import Record
from shared.clock import utc_now
from tests.bench.finding import Finding, show
from tests.bench.kill_drill import drill

BOOKINGS, KILLS, SEED = 200, 20, 1


def main() -> Sequence[Finding]:
    """Run the drill on the sample city and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        day = prepare(data, DemoWish(), lambda _what, _share: None, utc_now())
        result = asyncio.run(drill(data, day, BOOKINGS, KILLS, SEED))
    evidence = result.evidence
    visits = {visit for _, visit in evidence.bookings}
    assigned = visits & set(evidence.assigned)
    reviewed = {visit for visit, reason in evidence.reasons.items() if reason.startswith("in review")}
    findings = [
        Finding("kill -9, of them during the import", f"{result.kills}, {result.in_import}"),
        Finding("bookings acknowledged", f"{len(evidence.acknowledged)} of {BOOKINGS}"),
        Finding("assigned", str(len(assigned))),
        Finding("unassigned with a reason", str(len(set(evidence.reasons) - reviewed))),
        Finding("in review", str(len(reviewed))),
        Finding("events on the bus, the same one twice", _repeats(evidence.records)),
        Finding("settled after the last start", f"{result.settle_seconds:.1f} s"),
        Finding("processes left behind", str(result.left_behind), "0", result.left_behind == 0),
        Finding(
            f"{KILLS} × kill -9 in an import: bookings lost, doubled or without an answer",
            "; ".join(result.faults) or "0",
            "0",
            not result.faults,
        ),
    ]
    show("Killed again and again", findings)
    return findings


def _repeats(records: Sequence[Record]) -> str:
    return f"{len(records)}, {len(records) - len({record.headers['ce_id'] for record in records})}"


if __name__ == "__main__":
    main()
