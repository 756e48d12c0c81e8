"""The help is a manual: every command says what it does and shows an example that the command takes."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from services.cli import app
from tests.cli.conftest import Rounds

ROOT = typer.main.get_command(app)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from commands(child, (*path, name))
    else:
        yield path, command


COMMANDS = dict(commands(ROOT))


def test_every_command_the_house_promises_is_there() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "demo",
        "up",
        "area build",
        "area list",
        "geocode",
        "bookings import",
        "nurses import",
        "plan show",
        "routes print",
        "trace",
        "events tail",
        "dead-letters list",
        "dead-letters replay",
        "db check",
        "db create",
        "db upgrade",
        "kafka check",
        "kafka topics apply",
    }


@pytest.mark.parametrize("path", list(COMMANDS), ids=" ".join)
def test_a_command_shows_an_example_that_it_takes(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    example = re.search(r"Example: `rounds ([^`]+)`", command.help or "")
    assert example, f"rounds {' '.join(path)} shows no example"
    words = shlex.split(example[1].partition("<")[0])
    assert tuple(words[: len(path)]) == path
    command.make_context("rounds", words[len(path) :])  # raises what typing it would raise


@pytest.mark.parametrize("path", list(COMMANDS), ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    unexplained = [option.name for option in COMMANDS[path].params if not getattr(option, "help", None)]
    assert unexplained == []


def test_the_first_page_says_how_to_begin_and_what_exit_codes_mean(rounds: Rounds) -> None:
    page = " ".join(rounds("--help").out.split())
    for said in ("Begin with rounds demo", "rounds area build", "rounds up", "Exit codes: 0 done, 1 done in part"):
        assert said in page
