"""The runbook names only commands, options, services and files that there are."""

import re
import shlex

import pytest
import typer.main
from typer.core import TyperGroup

from services.cli import app
from tests.deploy.packages import ROOT
from tests.deploy.test_compose import services

PAGE = (ROOT / "docs" / "runbook.md").read_text()
WRITTEN = sorted(
    {*re.findall(r"`(rounds [a-z][^`\n]*)`", PAGE), *re.findall(r"^(rounds [a-z].*)$", PAGE, flags=re.MULTILINE)}
)


def missing(line: str) -> set[str]:
    """Return the words of a command line that are no command or option of ``rounds``."""
    command = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while isinstance(command, TyperGroup) and words:
        name = words.pop(0)
        if name not in command.commands:
            return {name}
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts}
    return {word for word in words if word.startswith("--")} - options


def test_a_command_that_is_not_there_is_found() -> None:
    assert missing("rounds dance") == {"dance"}
    assert missing("rounds area dance") == {"dance"}
    assert missing("rounds area list --slowly") == {"--slowly"}


@pytest.mark.parametrize("line", WRITTEN)
def test_every_rounds_command_is_there_with_its_options(line: str) -> None:
    assert missing(line) == set()


def test_the_runbook_names_what_operators_need() -> None:
    for command in ("rounds kafka check", "rounds kafka topics apply", "rounds db upgrade", "rounds db check"):
        assert command in WRITTEN
    assert any(line.startswith("rounds trace ") for line in WRITTEN)


def test_every_compose_service_is_there() -> None:
    named = set(re.findall(r"docker compose (?:exec|logs|run|up|stop) (?:-[^\s`]+ )*([a-z][a-z_-]+)", PAGE))
    named |= set(re.findall(r"--scale ([a-z_]+)=", PAGE))
    assert {"kafka", "postgres", "migrations", "topics", "all-in-one", "routing"} <= named
    assert named <= set(services())


def test_every_page_and_file_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGE) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    for path in re.findall(r"\b(deploy/[\w./-]+)", PAGE):
        if "secrets/" not in path and not path.endswith("/secrets"):
            assert (ROOT / path).exists(), path
