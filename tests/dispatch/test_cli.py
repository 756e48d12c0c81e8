"""``rounds nurses``, against a system on a socket of its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.dispatch.cli import app
from shared.errors import RoundsError
from tests.dispatch.server import running_room
from tests.dispatch.test_importing import GOOD


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_room(tmp_path_factory.mktemp("data")) as address:
        yield address


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "nurses.csv"
    path.write_text(GOOD)
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["import", *arguments])


def test_an_import_is_reported_in_words_and_as_an_object(url: str, file: Path) -> None:
    first = run(str(file), "--url", url)
    again = run(str(file), "--url", url, "--json")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "2 rows: 2 shifts new, 0 changed, 0 already there, 0 refused." in first.stdout
    assert json.loads(again.stdout) == {
        "rows": 2,
        "created": 0,
        "changed": 0,
        "unchanged": 2,
        "unsent": 0,
        "refused": [],
    }


def test_refused_rows_are_listed_and_told_by_the_exit_code(url: str, file: Path) -> None:
    file.write_text(GOOD.replace("LPN:OH", "LPN"))
    some = run(str(file), "--url", url)
    file.write_text(GOOD.replace(",maple", ",mapel"))
    none = run(str(file), "--url", url)
    assert (some.exit_code, none.exit_code) == (1, 2)
    assert "licences" in some.stdout


def test_without_a_running_system_a_sentence_says_what_to_do(tmp_path: Path, file: Path) -> None:
    result = run(str(file), "--data", str(tmp_path))
    assert isinstance(result.exception, RoundsError)
    assert "Start one with `rounds up" in str(result.exception)


def test_a_system_that_does_not_answer_leaves_rows_unsent(file: Path) -> None:
    result = run(str(file), "--url", "http://127.0.0.1:9", "--patience", "0.1")
    assert result.exit_code == 2
    assert "2 rows were not sent" in result.stdout
