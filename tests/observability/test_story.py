"""The rooms' answers become one story: what happened when, and what the booking waits for now."""

import datetime as dt
from typing import Any

from services.story import tell

NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
REQUESTED, LOCATED, ASSIGNED = "01-requested", "02-located", "03-assigned"


def at(seconds: float) -> str:
    return (NOON + dt.timedelta(seconds=seconds)).isoformat()


def said(event_id: str, event: str, seconds: float, published: float | None) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "event": event,
        "subject": "v",
        "said_at": at(seconds),
        "published_at": None if published is None else at(published),
    }


def answer(room: str, *hears: str, **known: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {"bus_trouble": None, "said": [], "handled": [], "steps": [], "buried": []}
    return {"room": room, "hears": hears, **nothing, **known}


def handled(event_id: str, seconds: float) -> dict[str, Any]:
    return {"event_id": event_id, "event": "", "handled_at": at(seconds)}


def later(seconds: float) -> dt.datetime:
    return NOON + dt.timedelta(seconds=seconds)


def test_a_booking_that_reached_the_nurse_waits_for_nobody() -> None:
    rooms = [
        answer(
            "booking",
            "PlaceResolved",
            said=[said(REQUESTED, "VisitRequested", 0, 0.1)],
            handled=[handled(LOCATED, 0.5)],
        ),
        answer(
            "geocoding",
            "VisitRequested",
            said=[said(LOCATED, "PlaceResolved", 0.3, 0.4)],
            handled=[handled(REQUESTED, 0.2)],
        ),
        answer("routing", steps=[{"at": at(1.5), "what": "planned", "waiting": False}]),
        answer("dispatch", said=[said(ASSIGNED, "VisitAssigned", 2, 2.1)]),
        answer("nurse_app", "VisitAssigned", handled=[handled(ASSIGNED, 2.4)]),
    ]
    story = tell(rooms, {}, later(60))
    assert [step.what for step in story.steps] == ["VisitRequested", "PlaceResolved", "planned", "VisitAssigned"]
    assert story.stages == {"located": 0.3, "planned": 1.5, "assigned": 2.0, "on_phone": 2.4}
    assert story.now == ["A nurse has it, and her page shows it, for 58 s."]
    assert not story.waiting


def test_an_event_that_cannot_be_published_names_the_outbox_and_the_trouble() -> None:
    rooms = [
        answer("booking", said=[said(REQUESTED, "VisitRequested", 0, None)], bus_trouble="No broker answers."),
        answer("geocoding", "VisitRequested"),
    ]
    story = tell(rooms, {}, later(12))
    assert story.now == ["VisitRequested waits in booking's outbox since 12 s: No broker answers."]
    assert story.waiting


def test_an_event_that_a_room_has_yet_to_handle_names_the_room() -> None:
    rooms = [
        answer("booking", said=[said(REQUESTED, "VisitRequested", 0, 1)]),
        answer("geocoding", "VisitRequested"),
        answer("board", "VisitRequested", handled=[handled(REQUESTED, 2)]),
    ]
    story = tell(rooms, {}, later(181))
    assert story.now == ["VisitRequested was published 3 min ago and waits for geocoding."]
    assert story.steps[0].waits_for == ("geocoding",)


def test_an_event_among_the_dead_letters_says_why_and_what_to_do() -> None:
    dead = {"event_id": REQUESTED, "event": "VisitRequested", "reason": "KeyError at handlers.py:3, 5 attempts"}
    rooms = [
        answer("booking", said=[said(REQUESTED, "VisitRequested", 0, 1)]),
        answer("geocoding", "VisitRequested", buried=[dead]),
    ]
    (sentence,) = tell(rooms, {}, later(5)).now
    assert sentence.startswith("geocoding could not handle VisitRequested: KeyError at handlers.py:3, 5 attempts.")
    assert "rounds dead-letters replay" in sentence


def test_what_waits_inside_a_room_and_who_does_not_answer_is_said() -> None:
    rooms = [
        answer("booking", said=[said(REQUESTED, "VisitRequested", 0, 1)]),
        answer("geocoding", steps=[{"at": at(2), "what": "waits to be located", "waiting": True}]),
    ]
    story = tell(rooms, {"dispatch": "connection refused"}, later(10))
    assert story.now == [
        "It waits to be located, since 8.0 s (in geocoding).",
        "dispatch does not answer (connection refused).",
    ]
