"""``rounds bookings import`` at the command line: what it prints and how it exits."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.booking.cli import app
from shared.errors import ConfigurationError
from shared.tabular import TabularError

HEADER = "reference,first_name,last_name,birth_date,address,services,any_time_on\n"
REFUSAL = {
    "type": "/problems/invalid-request",
    "status": 422,
    "detail": "services.0: cbx is not in the catalogue.",
    "fields": [{"field": "services.0", "message": "cbx is not in the catalogue.", "remedy": "Did you mean cbc?"}],
}


class Answering(BaseHTTPRequestHandler):
    """Takes every booking but those with a service it does not know."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        refused = "cbx" in body["services"]
        self.send_response(422 if refused else 201)
        self.end_headers()
        self.wfile.write(json.dumps(REFUSAL if refused else {}).encode())

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory on which a system runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    (tmp_path / "server.json").write_text(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}))
    yield tmp_path
    server.shutdown()
    thread.join()
    server.server_close()


def rows(folder: Path, *services: str) -> Path:
    file = folder / "bookings.csv"
    lines = [f"R{n},Ada,Example,1980-04-12,12 Maple Ave,{code},2030-05-06\n" for n, code in enumerate(services)]
    file.write_text(HEADER + "".join(lines))
    return file


def test_a_file_that_is_booked_whole_exits_with_0(data: Path) -> None:
    result = CliRunner().invoke(app, ["import", str(rows(data, "cbc", "cbc")), "--data", str(data)])
    assert (result.exit_code, result.stdout) == (0, "2 booked, 0 already there, 0 refused, 0 not sent.\n")


def test_refused_rows_are_listed_and_exit_with_1(data: Path) -> None:
    result = CliRunner().invoke(app, ["import", str(rows(data, "cbc", "cbx")), "--data", str(data)])
    assert result.exit_code == 1
    assert "services" in result.stdout
    assert "Did you mean cbc?" in result.stdout
    assert "1 booked, 0 already there, 1 refused, 0 not sent." in result.stdout


def test_a_file_of_which_nothing_is_booked_exits_with_2(data: Path) -> None:
    assert CliRunner().invoke(app, ["import", str(rows(data, "cbx")), "--data", str(data)]).exit_code == 2


def test_json_is_one_object_that_a_program_can_read(data: Path) -> None:
    file = rows(data, "cbc", "cbx")
    result = CliRunner().invoke(app, ["import", str(file), "--data", str(data), "--json"])
    assert json.loads(result.stdout) == {
        "file": str(file),
        "created": 1,
        "already_there": 0,
        "refused": [
            {
                "line": 3,
                "field": "services",
                "message": "cbx is not in the catalogue.",
                "remedy": "Did you mean cbc?",
            }
        ],
        "unsent": [],
    }


def test_a_system_that_does_not_answer_is_given_up_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        arguments = ["import", str(rows(tmp_path, "cbc")), "--url", url, "--patience", "0"]
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "1 rows were not sent or not answered, from line 2 on. Start it and import" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["--data", "nowhere"], ConfigurationError, "No system runs on nowhere"),
        (["--url", "127.0.0.1:8080"], ConfigurationError, "is not an address. Write it like http://127.0.0.1:8080."),
    ],
)
def test_a_system_that_cannot_be_found_is_told_so(
    tmp_path: Path, arguments: list[str], error: type[Exception], said: str
) -> None:
    result = CliRunner().invoke(app, ["import", str(rows(tmp_path, "cbc")), *arguments])
    assert isinstance(result.exception, error)
    assert said in str(result.exception)


def test_a_file_that_cannot_be_read_is_told_so(data: Path) -> None:
    result = CliRunner().invoke(app, ["import", str(data / "none.csv"), "--data", str(data)])
    assert isinstance(result.exception, TabularError)


def test_the_help_names_every_column() -> None:
    shown = " ".join(CliRunner().invoke(app, ["import", "--help"]).stdout.split())
    assert all(column in shown for column in HEADER.strip().split(","))
    assert "Example: rounds bookings import bookings.csv" in shown.replace("`", "")
