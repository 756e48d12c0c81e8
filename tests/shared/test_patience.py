"""Background work waits out what passes by itself, says so once, and hides nothing else."""

import pytest
from structlog.testing import capture_logs

from shared.db.patience import Patience
from shared.errors import TransientError


def test_a_passing_failure_is_logged_when_it_begins_and_when_it_is_over() -> None:
    patience = Patience("reading tea leaves", cap_seconds=4)
    with capture_logs() as logs:
        pauses = [patience.pause_after(TransientError("The cup is empty.")) for _ in range(5)]
        patience.worked()
        patience.worked()
    assert [(entry["event"], entry["work"]) for entry in logs] == [
        ("paused_work", "reading tea leaves"),
        ("resumed_work", "reading tea leaves"),
    ]
    assert (logs[0]["reason"], logs[1]["failures"]) == ("The cup is empty.", 5)
    assert 0 < pauses[0] <= 0.5
    assert max(pauses) <= 4


def test_a_failure_that_does_not_pass_is_raised_again() -> None:
    with pytest.raises(ZeroDivisionError, match="by zero"):
        Patience("dividing").pause_after(ZeroDivisionError("by zero"))
