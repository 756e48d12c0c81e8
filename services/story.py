"""What the rooms know of one booking, put together: each step with its times, and where it is now."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

STANDS = {
    "VisitRequested": "It was requested; no room has more to do with it yet",
    "VisitChanged": "It was changed; no room has more to do with it yet",
    "VisitCancelled": "It is cancelled",
    "PlaceResolved": "Its address was found",
    "PlaceUnresolved": "Its address needs a dispatcher",
    "VisitAssigned": "A nurse has it, and her page shows it",
    "AssignmentWithdrawn": "Its nurse no longer has it",
    "AssignmentAccepted": "Its nurse takes it",
    "NurseEnRoute": "The nurse is on her way",
    "NurseArrived": "The nurse is at the door",
    "VisitCompleted": "The visit is done",
    "VisitMissed": "The visit could not be done",
}

type Answer = Mapping[str, Any]
"""What a room answers: see shared/observability/following.py."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event with its way to the rooms that handle it, or what a room did in between.

    Attributes:
        room: who said or did it.
        published_at: None while it waits in the outbox; for what is no event, when it was done.
        handled: when each room handled it.
        waits_for: rooms that have yet to handle it.
    """

    what: str
    room: str
    at: dt.datetime
    published_at: dt.datetime | None
    handled: Mapping[str, dt.datetime] = field(default_factory=dict)
    waits_for: tuple[str, ...] = ()
    is_event: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    """A booking's way so far.

    Attributes:
        now: sentences that say where it is and what it waits for.
        waiting: somebody has yet to do something about it.
        stages: seconds from the request to what it has reached.
    """

    steps: Sequence[Step]
    now: Sequence[str]
    waiting: bool
    stages: Mapping[str, float]


def tell(answers: Sequence[Answer], silent: Mapping[str, str], now: dt.datetime) -> Story:
    """Put the answers together.

    Args:
        answers: of the rooms that answered.
        silent: rooms that did not, with the reason.
        now: ages are reckoned by it.
    """
    steps = sorted((*_events(answers), *_doings(answers)), key=lambda step: step.at)
    waits = [*_unpublished(steps, answers, now), *_unhandled(steps, answers, now), *_inside(answers, now)]
    gone = [f"{room} does not answer ({reason})." for room, reason in silent.items()]
    events = [step for step in steps if step.is_event]
    stands = [f"{STANDS.get(events[-1].what, events[-1].what)}, for {_age(events[-1].at, now)}."] if events else []
    return Story(steps, [*(waits or stands), *gone], bool(waits), _stages(steps))


def _events(answers: Sequence[Answer]) -> list[Step]:
    handled: dict[str, dict[str, dt.datetime]] = {}
    buried = {(each["event_id"], answer["room"]) for answer in answers for each in answer["buried"]}
    for answer in answers:
        for each in answer["handled"]:
            handled.setdefault(each["event_id"], {})[answer["room"]] = _instant(each["handled_at"])
    return [
        Step(
            what=said["event"],
            room=answer["room"],
            at=_instant(said["said_at"]),
            published_at=_instant(said["published_at"]) if said["published_at"] else None,
            handled=handled.get(said["event_id"], {}),
            waits_for=tuple(
                other["room"]
                for other in answers
                if said["event"] in other["hears"]
                and other["room"] not in handled.get(said["event_id"], {})
                and (said["event_id"], other["room"]) not in buried
            ),
        )
        for answer in answers
        for said in answer["said"]
    ]


def _doings(answers: Sequence[Answer]) -> list[Step]:
    return [
        Step(each["what"], answer["room"], _instant(each["at"]), _instant(each["at"]), is_event=False)
        for answer in answers
        for each in answer["steps"]
        if not each["waiting"]
    ]


def _unpublished(steps: Sequence[Step], answers: Sequence[Answer], now: dt.datetime) -> list[str]:
    trouble = {answer["room"]: answer["bus_trouble"] for answer in answers}
    return [
        f"{step.what} waits in {step.room}'s outbox since {_age(step.at, now)}: "
        f"{trouble[step.room] or 'the relay has yet to come to it.'}"
        for step in steps
        if step.published_at is None
    ]


def _unhandled(steps: Sequence[Step], answers: Sequence[Answer], now: dt.datetime) -> list[str]:
    waits = [
        f"{step.what} was published {_age(step.published_at, now)} ago and waits for {', '.join(step.waits_for)}."
        for step in steps
        if step.published_at is not None and step.waits_for
    ]
    return waits + [
        f"{answer['room']} could not handle {each['event']}: {each['reason']}. It is among the dead letters; "
        "after the mend, `rounds dead-letters replay` sends it again."
        for answer in answers
        for each in answer["buried"]
    ]


def _inside(answers: Sequence[Answer], now: dt.datetime) -> list[str]:
    return [
        f"It {each['what']}, since {_age(_instant(each['at']), now)} (in {answer['room']})."
        for answer in answers
        for each in answer["steps"]
        if each["waiting"]
    ]


def _stages(steps: Sequence[Step]) -> dict[str, float]:
    reached: dict[str, dt.datetime] = {}
    for step in steps:
        match step.what:
            case "PlaceResolved":
                reached.setdefault("located", step.at)
            case "planned":
                reached.setdefault("planned", step.at)
            case "VisitAssigned":
                reached.setdefault("assigned", step.at)
                if "nurse_app" in step.handled:
                    reached.setdefault("on_phone", step.handled["nurse_app"])
    requested = next((step.at for step in steps if step.what == "VisitRequested"), None)
    if requested is None:
        return {}
    return {stage: round((at - requested).total_seconds(), 3) for stage, at in reached.items()}


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _age(since: dt.datetime, now: dt.datetime) -> str:
    seconds = max(0.0, (now - since).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"  # noqa: PLR2004 - two digits are enough
