"""``rounds events`` and ``rounds dead-letters``: looking at the bus, and mending what failed on it."""

import asyncio
import json as jsonlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.bus import dead_letters
from shared.bus.log import LogBus
from shared.bus.port import Bus, Record
from shared.client import adopt_environment
from shared.errors import RoundsError
from shared.events.topics import DEAD_LETTER_SUFFIX, TOPICS
from shared.settings import HouseSettings, read_settings

events_app = typer.Typer(name="events", help="Read what the rooms tell each other.", no_args_is_help=True)
dead_letters_app = typer.Typer(
    name="dead-letters", help="Records that a room could not handle: list them, send them again.", no_args_is_help=True
)

Data = Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="The data directory.")]
Json = Annotated[bool, typer.Option("--json", help="One object a line.")]
HERE = Path(".data")


async def _bus(data: Path) -> Bus:
    """Return the bus of the brokers in the settings, else the one in the data directory; it makes no topics."""
    adopt_environment(data)
    if read_settings(HouseSettings).kafka_bootstrap_servers:
        from shared.bus.kafka import KafkaBus, KafkaSettings  # noqa: PLC0415 - the embedded system does without
        from shared.bus.kafka.probes import first_trouble  # noqa: PLC0415 - as above

        settings = KafkaSettings.read()
        trouble = await first_trouble(settings)
        if trouble:
            raise RoundsError(trouble)
        return KafkaBus(settings.model_copy(update={"create_topics": False}))
    path = data / "bus.sqlite"
    if not path.exists():
        raise RoundsError(f"There is no bus at {path}. Start the system once, or name its data directory with --data.")
    return LogBus(path, prunes=False)


@asynccontextmanager
async def _opened(data: Path) -> AsyncIterator[Bus]:
    bus = await _bus(data)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


@events_app.command()
def tail(
    topic: Annotated[list[str] | None, typer.Option(help="Only this topic; may be given again.")] = None,
    data: Data = HERE,
    *,
    from_start: Annotated[bool, typer.Option(help="Begin with the oldest record kept.")] = False,
    follow: Annotated[bool, typer.Option(help="Wait for more; --no-follow ends with the newest.")] = True,
    json: Json = False,
) -> None:
    """Print events as they are published. Sealed fields stay sealed.

    What booking systems publish is in the clear, so it is shown only where its topic is named.

    Example: `rounds events tail --topic rounds.dispatch.day.v1 --from-start --no-follow --json`
    """
    topics = topic or [name for name, spec in TOPICS.items() if not (spec.inbound or name.endswith(DEAD_LETTER_SUFFIX))]
    unknown = sorted(set(topics) - set(TOPICS))
    if unknown:
        raise RoundsError(f"There is no topic {', '.join(unknown)}. The topics are: {', '.join(TOPICS)}.")

    async def follow_bus() -> None:
        async with _opened(data) as bus:
            async for record in bus.tail(topics, from_start=from_start, follow=follow):
                typer.echo(_as_json(record) if json else _as_line(record))

    try:
        asyncio.run(follow_bus())
    except KeyboardInterrupt:
        return


def _headers(record: Record) -> dict[str, str]:
    return {name: value.decode(errors="replace") for name, value in record.headers.items()}


def _as_json(record: Record) -> str:
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    body = record.value.decode(errors="replace")
    try:
        data = jsonlib.loads(body)
    except ValueError:
        data = body
    return jsonlib.dumps(
        {**place, "key": record.key.decode(errors="replace"), "headers": _headers(record), "data": data}
    )


def _as_line(record: Record) -> str:
    headers = _headers(record)
    name = headers.get("ce_type", "?").split(".")[-2:][0]
    return f"{headers.get('ce_time', '?'):32} {record.partition}/{record.offset:<6} {name:24} {record.key.decode()}"


@dead_letters_app.command("list")
def list_letters(data: Data = HERE, *, json: Json = False) -> None:
    """List the records that failed and wait for a mend.

    Example: `rounds dead-letters list`
    """

    async def read() -> list[dead_letters.DeadLetter]:
        async with _opened(data) as bus:
            return await dead_letters.list_dead_letters(bus)

    letters = asyncio.run(read())
    if json:
        for letter in letters:
            entry = {"place": str(letter.place), "event_type": letter.event_type, "event_id": letter.event_id}
            typer.echo(jsonlib.dumps({**entry, "reason": letter.reason, "failed_at": letter.failed_at}))
        return
    if not letters:
        Console().print("No dead letters: every record was handled.")
        return
    table = Table("place", "type", "failed at", "reason")
    for letter in letters:
        table.add_row(str(letter.place), letter.event_type, letter.failed_at, letter.reason)
    Console().print(table)


@dead_letters_app.command()
def replay(
    place: Annotated[list[str] | None, typer.Argument(help="Places from `dead-letters list`.")] = None,
    data: Data = HERE,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every dead letter there is.")] = False,
) -> None:
    """Send records again after the mend. A group that had handled one ignores it.

    Example: `rounds dead-letters replay --all`
    """
    if not place and not everything:
        raise RoundsError("Name the places to replay, as `rounds dead-letters list` prints them, or give --all.")

    async def send() -> int:
        async with _opened(data) as bus:
            letters = {str(letter.place): letter for letter in await dead_letters.list_dead_letters(bus)}
            wanted = list(letters) if everything else list(place or ())
            missing = [name for name in wanted if name not in letters]
            if missing:
                raise RoundsError(
                    f"There is no dead letter at {', '.join(missing)}. `rounds dead-letters list` has them."
                )
            for name in wanted:
                await dead_letters.replay(bus, letters[name])
            return len(wanted)

    Console().print(f"{asyncio.run(send())} record(s) sent again.")
