"""``rounds demo --once --json``: the whole chain from a command, and figures that add up."""

import json
from pathlib import Path

from tests.flow.process import rounds


def test_a_demo_ends_with_figures_that_add_up_and_leaves_its_data(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = rounds("demo", "--once", "--json", "--bookings", "12", "--nurses", "3", "--port", "0", "--data", str(data))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["bookings"] == 12
    assert result["assigned"] + result["unassigned"] + result["unresolved"] == 12
    assert result["assigned"] > 0
    assert result["drive_minutes_per_visit"] > 0
    assert result["seconds"] > 0
    assert (data / "log" / "rounds.jsonl").exists()
    assert not (data / "server.json").exists()


def test_a_demo_date_that_is_none_is_told_so(tmp_path: Path) -> None:
    done = rounds("demo", "--date", "someday", "--once", "--data", str(tmp_path))
    assert (done.returncode, "someday is not a date" in done.stderr) == (2, True)
