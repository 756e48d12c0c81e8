"""``rounds plan`` and ``rounds routes``: a day of the running system, for people and for programs."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Done, Rounds, Running
from tests.flow.conftest import AREA
from tests.flow.process import START_SECONDS


@pytest.fixture
def plan(rounds: Rounds, system: Running) -> dict[str, Any]:
    """The day's plan, once it is made."""
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        shown: dict[str, Any] = json.loads(ask(rounds, system, "plan", "show", "--json").out)
        if shown["routes"]:
            return shown
        assert time.monotonic() < give_up_at, f"no plan after {START_SECONDS} s: {shown}"
        time.sleep(0.1)


def ask(rounds: Rounds, system: Running, group: str, command: str, *more: str) -> Done:
    done = rounds(group, command, AREA, system.day, "--data", system.data, *more)
    assert done.code == 0, done.err
    return done


def test_a_plan_is_shown_in_figures(rounds: Rounds, system: Running, plan: dict[str, Any]) -> None:
    shown = ask(rounds, system, "plan", "show").out
    version = plan["plan_version"]
    assert f"Plan {version} of {AREA} on {system.day}: 1 visits on 1 routes" in shown
    assert "driving time" in shown


def test_a_plan_is_one_object_for_programs(system: Running, plan: dict[str, Any]) -> None:
    assert set(plan) == {
        "area_id",
        "date",
        "plan_version",
        "state",
        "failure",
        "routes",
        "unassigned",
        "price_cents",
        "drive_seconds",
        "travel_estimated",
    }
    assert (plan["area_id"], plan["date"], plan["unassigned"]) == (AREA, system.day, [])


@pytest.mark.usefixtures("plan")
def test_routes_are_printed_in_the_areas_time(rounds: Rounds, system: Running) -> None:
    printed = ask(rounds, system, "routes", "print").out
    (route,) = [json.loads(line) for line in ask(rounds, system, "routes", "print", "--json").out.splitlines()]
    assert printed.startswith("N01: leaves ")
    assert f"visit {route['stops'][0]['visit_id']}" in printed
    assert "08:" in printed


@pytest.mark.usefixtures("plan")
def test_one_nurses_route_can_be_asked_for(rounds: Rounds, system: Running) -> None:
    assert ask(rounds, system, "routes", "print", "--nurse", "N01").out.startswith("N01")
    assert ask(rounds, system, "routes", "print", "--nurse", "N99").out == "There is no such route.\n"


def test_a_day_without_a_plan_says_so(rounds: Rounds, system: Running) -> None:
    done = rounds("plan", "show", AREA, "2030-01-01", "--data", system.data)
    assert done.out == f"There is no plan for {AREA} on 2030-01-01 yet (planning is idle).\n"


@pytest.mark.parametrize("command", [("plan", "show"), ("routes", "print")])
def test_an_unknown_area_and_a_date_that_is_none_are_told_so(
    rounds: Rounds, system: Running, command: tuple[str, str]
) -> None:
    nowhere = rounds(*command, "atlantis", system.day, "--data", system.data)
    never = rounds(*command, AREA, "tomorrow", "--data", system.data)
    assert (nowhere.code, nowhere.err) == (
        2,
        "rounds: There is no area atlantis. Check the id, or list what there is.\n",
    )
    assert (never.code, never.err) == (2, "rounds: tomorrow is not a date. Write it like 2026-11-23.\n")


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "show", AREA, "2030-01-01"),
        ("routes", "print", AREA, "2030-01-01"),
        ("bookings", "import"),
        ("nurses", "import"),
    ],
    ids=" ".join,
)
def test_without_a_running_system_a_sentence_says_what_to_do(
    rounds: Rounds, tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("reference\n")
    arguments = (*command, file) if "import" in command else command
    done = rounds(*arguments, "--data", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(
        f"rounds: No system runs on {tmp_path}. Start one with `rounds up --data {tmp_path}`, or name one with --url.\n"
    )


@pytest.mark.parametrize("command", [("plan", "show"), ("routes", "print")])
def test_a_system_that_does_not_answer_is_named(rounds: Rounds, tmp_path: Path, command: tuple[str, str]) -> None:
    done = rounds(*command, AREA, "2030-01-01", "--url", "http://127.0.0.1:9", "--data", tmp_path)
    assert (done.code, "http://127.0.0.1:9 does not answer" in done.err) == (2, True)
