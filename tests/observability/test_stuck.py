"""A booking that is stuck says where, through the endpoints that ``rounds trace`` asks."""

from collections.abc import Sequence

import pytest

from services.geocoding.handlers import HANDLERS
from services.sample.addresses import Address
from services.story import Story, tell
from services.trace_cli import ROOMS
from shared.bus.log import LogBus
from shared.bus.port import Message
from shared.clock import utc_now
from shared.errors import PoisonError, TransientError
from shared.events.booking import VisitRequested
from tests.flow.conftest import Desk, soon

AWAY = "No broker answers at 127.0.0.1:9092."


async def told(desk: Desk, booking: dict[str, str]) -> Story:
    query = {"visit": booking["visit_id"], "buried": True}
    answers = [await desk.ask("GET", f"/v1/{room}/trace/{booking['booking_id']}", params=query) for room in ROOMS]
    return tell(answers, {}, utc_now())


async def test_while_the_bus_is_away_the_booking_waits_in_the_outbox(
    desk: Desk, addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_bus: LogBus, _messages: Sequence[Message]) -> None:
        raise TransientError(AWAY)

    monkeypatch.setattr(LogBus, "publish", away)
    monkeypatch.setattr(LogBus, "trouble", AWAY)
    booking = await desk.book(addresses[500])

    story = await told(desk, booking)

    (sentence,) = story.now
    assert sentence.startswith("VisitRequested waits in booking's outbox since ")
    assert sentence.endswith(AWAY)
    assert story.waiting

    monkeypatch.undo()

    async def flows() -> bool | None:
        return True if "located" in (await told(desk, booking)).stages else None

    await soon(flows, "the booking on its way again")


async def test_a_booking_among_the_dead_letters_names_the_room_and_the_reason(
    desk: Desk, addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_event: object, _deps: object) -> None:
        raise PoisonError("A test cannot read this.")

    assert isinstance(HANDLERS, dict)
    monkeypatch.setitem(HANDLERS, VisitRequested, fail)
    booking = await desk.book(addresses[500])

    async def buried() -> str | None:
        found = [sentence for sentence in (await told(desk, booking)).now if "dead letters" in sentence]
        return found[0] if found else None

    sentence = await soon(buried, "the booking among the dead letters")
    assert sentence.startswith("geocoding could not handle VisitRequested: A test cannot read this.")


async def test_a_booking_that_no_nurse_can_do_says_why(desk: Desk, addresses: list[Address]) -> None:
    await desk.add_nurse("N01", addresses[0], skills=("injection",))
    booking = await desk.book(addresses[500], services=["cbc"])

    async def explained() -> str | None:
        found = [sentence for sentence in (await told(desk, booking)).now if "has no nurse in the plan" in sentence]
        return found[0] if found else None

    assert "venipuncture" in await soon(explained, "why nobody has it")


async def test_an_unclear_address_waits_for_a_dispatcher(desk: Desk) -> None:
    booking = await desk.book("12 Nosuchstreet Boulevard, Harlan Mills, OH 43087")

    async def waits() -> str | None:
        found = [sentence for sentence in (await told(desk, booking)).now if "waits for a dispatcher" in sentence]
        return found[0] if found else None

    assert "(not_found)" in await soon(waits, "that it waits for a dispatcher")
