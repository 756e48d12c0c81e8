"""Whether a campaign has shown anything: a drill in which little happened breaks no invariant either."""

from tests.drill.campaign import Campaign
from tests.drill.fuses import MIGRATION, POINTS


def crash_points() -> set[str]:
    """Return every named point at which a process is killed."""
    return {point for points in POINTS.values() for point in points} | {MIGRATION}


def gaps(done: Campaign) -> list[str]:
    """Return a sentence for everything that a campaign ought to have tried and did not, or cannot account for."""
    where = f"With {done.wish.brokers} broker(s)"
    found = []
    if not done.faults:
        found.append(f"{where} there were no faults.")
    if not done.acknowledged:
        found.append(f"{where} no booking was acknowledged.")
    if done.wish.sweep:
        unmet = crash_points() - {fault.kind for fault in done.faults}
        found += [f"{where} nothing was killed at: {point}." for point in sorted(unmet)]
    return found + [f"{where}: {sentence}" for sentence in done.ended]
