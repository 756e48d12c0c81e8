"""A drill passes only if something was tried: faults, bookings, every crash point, and every end accounted for."""

import pytest

from tests.drill.campaign import Campaign, Wish
from tests.drill.command import CAUGHT, report
from tests.drill.emptiness import crash_points, gaps
from tests.drill.history import Fault, History

CONTROLS = {"inbox": CAUGHT}


def campaign(
    *, faults: set[str] | None = None, acknowledged: int = 7, ended: tuple[str, ...] = (), sweep: bool = True
) -> Campaign:
    """Return a campaign without a violation; by default all was tried."""
    kinds = crash_points() if faults is None else faults
    met = [Fault(kind=kind, target="booking-0", at=1) for kind in sorted(kinds)]
    return Campaign(Wish(60, sweep=sweep), History([]), met, acknowledged, list(ended))


def test_a_campaign_that_tried_everything_passes() -> None:
    assert gaps(campaign()) == []
    assert report([campaign()], CONTROLS) == 0


def test_without_a_sweep_no_crash_point_is_owed() -> None:
    assert report([campaign(faults={"kill -9 of a room"}, sweep=False)], CONTROLS) == 0


@pytest.mark.parametrize(
    ("empty", "said"),
    [
        (campaign(faults=set(), sweep=False), "there were no faults."),
        (campaign(acknowledged=0), "no booking was acknowledged."),
        (campaign(faults=crash_points() - {"pruning: inbox"}), "nothing was killed at: pruning: inbox."),
        (campaign(ended=("booking-0 ended by itself with exit code 1.",)), "ended by itself with exit code 1."),
    ],
)
def test_a_drill_does_not_pass_when_one_campaign_shows_nothing(
    empty: Campaign, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report([campaign(), empty], CONTROLS) == 1
    assert said in " ".join(capsys.readouterr().out.split())
    assert len(gaps(empty)) == 1


def test_a_drill_without_a_campaign_does_not_pass() -> None:
    assert report([], CONTROLS) == 1
