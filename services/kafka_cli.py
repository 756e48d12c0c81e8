"""``rounds kafka``: the preflight, and the topics."""

import asyncio
import json as jsonlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.client import adopt_environment
from shared.clock import utc_now
from shared.errors import ConfigurationError
from shared.events.topics import TOPICS
from shared.settings import HouseSettings, read_settings

if TYPE_CHECKING:
    from shared.bus.kafka import KafkaSettings
    from shared.bus.kafka.topics import Change

kafka_app = typer.Typer(
    name="kafka",
    help="Kafka brokers: is all well between us, and have they our topics? The settings are `ROUNDS_KAFKA_*`.",
    no_args_is_help=True,
)
topics_app = typer.Typer(name="topics", help="The topics on the brokers.", no_args_is_help=True)
kafka_app.add_typer(topics_app)

Json = Annotated[bool, typer.Option("--json", help="One object a line.")]


def _settings() -> "KafkaSettings":
    from shared.bus.kafka import KafkaSettings  # noqa: PLC0415 - every other command starts without the client

    adopt_environment(read_settings(HouseSettings).data)
    settings = KafkaSettings.read()
    if not settings.bootstrap_servers:
        raise ConfigurationError(
            "No Kafka is set; the system runs on its embedded log. Set ROUNDS_KAFKA_BOOTSTRAP_SERVERS to host:port."
        )
    return settings


@kafka_app.command("check")
def check_kafka(*, json: Json = False) -> None:
    """Try everything a room needs of Kafka and say in one sentence what is wrong: names, TLS, password, topics, rights.

    Writes nothing. Exit code 2 when something is wrong.

    Example: `rounds kafka check --json`
    """
    from shared.bus.kafka.check import check  # noqa: PLC0415 - as above

    settings = _settings()
    steps = asyncio.run(check(settings, TOPICS, utc_now))
    problem = steps[-1].problem
    for step in steps:
        if json:
            typer.echo(jsonlib.dumps({"step": step.name, "ok": step.problem is None, "problem": step.problem}))
        else:
            typer.echo(f"{'ok    ' if step.problem is None else 'failed'}  {step.name}")
    if problem is None:
        if not json:
            typer.echo(f"All is well between us and Kafka at {settings.bootstrap_servers}.")
        return
    if not json:
        Console(stderr=True, soft_wrap=True).print(f"rounds: {problem}", markup=False, highlight=False)
    sys.exit(2)


@topics_app.command("apply")
def apply_topics(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    grow: Annotated[
        bool, typer.Option("--grow", help="Also add partitions to topics that exist; keys move to other lanes.")
    ] = False,
    json: Json = False,
) -> None:
    """Make the topics that are missing and bring the others to the list: retention, compaction, size.

    Nothing is ever deleted, and the number of replicas is left to Kafka's own tools. More partitions than the list
    wants are well; fewer are left to do by hand, unless --grow is given: what is new of a visit may then be handled
    before what is old, so stop what publishes and let the rooms read to the end first.
    Exit code 1 when something is left to do by hand.

    Example: `rounds kafka topics apply --dry-run`
    """
    from shared.bus.kafka.topics import admin_client, apply, plan  # noqa: PLC0415 - as above

    settings = _settings()

    async def work() -> "list[Change]":
        async with admin_client(settings) as admin:
            return await (plan if dry_run else apply)(admin, settings, TOPICS, grow=grow)

    changes = asyncio.run(work())
    if json:
        for change in changes:
            done = not dry_run and not change.by_hand
            typer.echo(
                jsonlib.dumps({"topic": change.topic, "change": change.what, "done": done, "by_hand": change.by_hand})
            )
    elif not changes:
        typer.echo(f"All {len(TOPICS)} topics are as the list wants them.")
    else:
        table = Table("topic", "would do" if dry_run else "done")
        for change in changes:
            table.add_row(change.topic, f"by hand: {change.what}" if change.by_hand else change.what)
        Console().print(table)
    if any(change.by_hand for change in changes):
        sys.exit(1)
