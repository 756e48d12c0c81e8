"""``rounds trace``: where a booking is, and how long each step took."""

import json as jsonlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from rich.console import Console
from rich.table import Table

from services.story import Answer, Step, Story, tell
from shared.client import found_system
from shared.clock import utc_now
from shared.errors import RoundsError

ROOMS = ("booking", "geocoding", "routing", "dispatch", "board", "nurse_app")
ANSWER_SECONDS = 10.0

Data = Annotated[Path, typer.Option(envvar="ROUNDS_DATA", help="The data directory of the running system.")]
Url = Annotated[str | None, typer.Option(envvar="ROUNDS_URL", help="The running system, if it runs elsewhere.")]


def trace(
    booking_id: Annotated[UUID, typer.Argument(help="As POST /v1/bookings answered it.")],
    data: Data = Path(".data"),
    url: Url = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
) -> None:
    """Tell where a booking is, and how long each step took.

    It asks every room what it said, what it handled and what waits inside it, so it also answers while the bus is away
    or a room is down. Events are kept for 14 days.

    Example: `rounds trace 01976d6e-0000-7000-8000-000000000301`
    """
    answers, silent = _ask(str(booking_id), data, url)
    if not any(answer["said"] or answer["handled"] for answer in answers):
        unheard = f" {', '.join(silent)} did not answer: {next(iter(silent.values()))}." if silent else ""
        raise RoundsError(
            f"No room knows a booking {booking_id} of the last 14 days.{unheard} Ask `GET /v1/bookings/{booking_id}`."
        )
    story = tell(answers, silent, utc_now())
    if json:
        steps = [asdict(step) for step in story.steps]
        found = {"booking_id": booking_id, "now": story.now, "waiting": story.waiting, "stages": story.stages}
        typer.echo(jsonlib.dumps({**found, "steps": steps, "silent": silent}, default=_plain))
        return
    _print(story)


def _ask(booking_id: str, data: Path, url: str | None) -> tuple[list[Answer], dict[str, str]]:
    """Return what each room answers; booking first, for it knows the visits that the others are asked about."""
    answers: list[Answer] = []
    silent: dict[str, str] = {}
    visits: list[str] = []
    for room in ROOMS:
        try:
            answer = _whereabouts(_addresses(room, data, url), room, booking_id, {"visit": visits})
        except httpx.HTTPError as error:
            silent[room] = str(error) or type(error).__name__
            continue
        answers.append(answer)
        if room == "booking":
            visits = sorted({said["subject"] for said in answer["said"]})
    return [_with_dead_letters(answer, answers, booking_id, data, url) for answer in answers], silent


def _with_dead_letters(
    answer: Answer, answers: Sequence[Answer], booking_id: str, data: Path, url: str | None
) -> Answer:
    """Look through the dead letters too, where a room has not handled what was published; it takes a while."""
    done = {each["event_id"] for each in answer["handled"]}
    published = [said for each in answers for said in each["said"] if said["published_at"]]
    if all(said["event"] not in answer["hears"] or said["event_id"] in done for said in published):
        return answer
    room = answer["room"]
    try:
        again = _whereabouts(_addresses(room, data, url), room, booking_id, {"buried": True})
    except httpx.HTTPError:
        return answer
    return {**answer, "buried": again["buried"]}


def _addresses(room: str, data: Path, url: str | None) -> Sequence[str]:
    if url:
        return [url.rstrip("/")]
    system = found_system(data)
    return system.rooms.get(room) or [system.url]


def _whereabouts(addresses: Sequence[str], room: str, booking_id: str, query: dict[str, Any]) -> Answer:
    """Ask the first process of a room that answers.

    Raises:
        httpx.HTTPError: none does.
    """
    for place, address in enumerate(addresses, 1):
        try:
            reply = httpx.get(f"{address}/v1/{room}/trace/{booking_id}", params=query, timeout=ANSWER_SECONDS)
            answer: Answer = reply.raise_for_status().json()
        except httpx.TransportError:
            if place == len(addresses):
                raise
        else:
            return answer
    raise AssertionError("the last address answers or raises")


def _print(story: Story) -> None:
    first = story.steps[0].at if story.steps else utc_now()
    table = Table("after", "step", "room", "published", "handled by")
    for step in story.steps:
        table.add_row(_seconds(first, step.at), step.what, step.room, _published(step), _handled(step))
    console = Console()
    console.print(table)
    if story.stages:
        console.print("From the request: " + ", ".join(f"{stage} {at:.2f} s" for stage, at in story.stages.items()))
    for sentence in story.now:
        console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _published(step: Step) -> str:
    if not step.is_event:
        return ""
    return "waits" if step.published_at is None else _seconds(step.at, step.published_at)


def _handled(step: Step) -> str:
    began = step.published_at or step.at
    done = [f"{room} {_seconds(began, at)}" for room, at in sorted(step.handled.items(), key=lambda item: item[1])]
    return ", ".join([*done, *(f"{room} waits" for room in step.waits_for)])


def _seconds(since: datetime, at: datetime) -> str:
    return f"+{max(0.0, (at - since).total_seconds()):.3f}"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
