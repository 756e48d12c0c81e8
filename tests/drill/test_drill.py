"""A short drill on real Kafka and PostgreSQL: some faults, every invariant; and the controls must be caught."""

import asyncio
from pathlib import Path

import pytest

from deploy.dev.unavailable import Unavailable
from tests.drill.campaign import Wish, campaign
from tests.drill.controls import CONTROLS, run_controls

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

SHORT = Wish(seconds=12, rate=2, faults=40, sweep=False)


def test_a_short_drill_breaks_no_invariant(tmp_path: Path) -> None:
    try:
        done = asyncio.run(campaign(tmp_path, SHORT, lambda _what: None))
    except Unavailable as error:
        pytest.skip(f"skipped: {error}")
    assert [violation.sentence for violation in done.violations] == []
    assert done.acknowledged
    assert done.faults


def test_every_guard_that_is_turned_off_is_missed(tmp_path: Path) -> None:
    try:
        violations = asyncio.run(run_controls(tmp_path, guards_off=True))
    except Unavailable as error:
        pytest.skip(f"skipped: {error}")
    assert [control.guard for control in CONTROLS if not control.caught(violations)] == []
