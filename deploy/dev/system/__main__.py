"""``python -m deploy.dev.system``: what ``make up`` and ``make down`` call."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.dev.system.places import FIRST_PORT, lay_out
from deploy.dev.system.record import end_leftovers, read
from deploy.dev.system.supervisor import STOP_SECONDS, home, record_file, supervise
from shared.client import found_system
from shared.errors import RoundsError
from shared.observability.logging import configure_logging

READY_SECONDS = 180.0
LOOK_SECONDS = 0.1

app = typer.Typer(name="system", help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console(soft_wrap=True, highlight=False)

Data = Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="Everything the system writes is below it.")]
Count = Annotated[list[str] | None, typer.Option(help="How many of a room: routing=2. May be given again.")]
Port = Annotated[int, typer.Option(help="The board's port; the other rooms' follow. 0 takes free ones.")]
HERE = Path(".data")


@app.command()
def up(
    data: Data = HERE,
    count: Count = None,
    port: Port = FIRST_PORT,
    area: Annotated[Path | None, typer.Option(help="A real city's extract; without one, the sample city.")] = None,
    *,
    demo: Annotated[bool, typer.Option(help="Book a day in it, too.")] = False,
    bare: Annotated[bool, typer.Option(help="Bring in no map and no nurses.")] = False,
) -> None:
    """Start the system in the background, with a map and nurses in it, and say where it is reached.

    Example: `python -m deploy.dev.system up --count routing=2 --demo`
    """
    # The map's libraries are loaded for this command only.
    from deploy.dev.system.sample import furnish_day, prepared  # noqa: PLC0415

    record = read(record_file(data))
    if record and record.runs:
        console.print("It runs already.")
        _say_where(data)
        return
    if record:
        end_leftovers(record, STOP_SECONDS)
    counts = _counts(count or [])
    lay_out(counts, port)  # a taken port is told before anything is begun
    day = None if bare else prepared(data, area)
    log = home(data) / "logs" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [word for room, number in counts.items() for word in ("--count", f"{room}={number}")]
    with console.status("Starting Kafka, PostgreSQL and the rooms"), log.open("ab") as output:
        supervisor = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "deploy.dev.system", "supervise", "--data", str(data), "--port", str(port), *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        _await_ready(data, supervisor, log)
    if day is not None:
        furnish_day(data, day, with_bookings=demo, say=console.print)
    _say_where(data)


@app.command()
def down(data: Data = HERE) -> None:
    """End the system in order: the rooms, then Kafka and PostgreSQL. What it knows stays in the data directory.

    Example: `python -m deploy.dev.system down`
    """
    record = read(record_file(data))
    if record is None:
        console.print(f"Nothing runs on {data}.")
        return
    with console.status("Stopping"):
        supervisor = record.supervisor.process()
        if supervisor is not None:
            supervisor.terminate()
            supervisor.wait()
            record = read(record_file(data)) or record
        end_leftovers(record, STOP_SECONDS)
    record_file(data).unlink(missing_ok=True)
    console.print("Stopped. `make up` goes on from here.")


@app.command("supervise", hidden=True)
def supervise_rooms(data: Data = HERE, count: Count = None, port: Port = FIRST_PORT) -> None:
    """Run the supervisor in the foreground."""
    configure_logging()
    supervise(data, lay_out(_counts(count or []), port))


def _counts(words: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        room, equals, number = word.partition("=")
        if not equals or not number.isdigit():
            raise RoundsError(f"{word} does not say how many of a room there are. Write it like routing=2.")
        counts[room] = int(number)
    return counts


def _await_ready(data: Path, supervisor: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while True:
        record = read(record_file(data))
        mine = record is not None and record.supervisor.pid == supervisor.pid
        if record and mine and record.ready:
            return
        if supervisor.poll() is not None:
            reason = record.failure if record and mine and record.failure else f"it ended; {log} says why."
            raise RoundsError(f"The system did not start: {reason}")
        if time.monotonic() > until:
            raise RoundsError(f"Not every room was ready after {READY_SECONDS:.0f} s. See the logs in {log.parent}.")
        time.sleep(LOOK_SECONDS)


def _say_where(data: Path) -> None:
    system = found_system(data)
    console.print(f"The board:        {system.url}")
    console.print(f"Bookings go to:   {system.rooms['booking'][0]}/v1/bookings  (reference: /docs)")
    for name, address in system.environment.items():
        console.print(f"{name}={address}")
    console.print(f"Logs, one a room: {home(data) / 'logs'}")
    console.print("`make down` stops it; `.venv/bin/rounds` commands find it by its data directory.")


def main() -> None:
    """Run the command; an error of the house becomes one sentence and exit code 2."""
    try:
        app()
    except RoundsError as error:
        Console(stderr=True, soft_wrap=True).print(f"rounds: {error}", markup=False, highlight=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
