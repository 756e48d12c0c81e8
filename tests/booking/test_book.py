"""POST /v1/bookings: what is taken, what it becomes, and that one key makes one booking."""

import asyncio

import pytest
from sqlmodel import select

from services.booking.store.models import outbox
from shared.bus.headers import unpack_headers
from shared.bus.port import Message
from shared.events import decode
from shared.events.booking import VisitRequested
from shared.security.seal import open_sealed
from tests.booking.desk import Desk, booking


async def test_a_booking_is_taken_as_proposed_with_what_its_visit_needs(desk: Desk) -> None:
    reply = await desk.post(booking(services=["b12-im-1000", "b12-level"], reference="SHOP-1", priority="urgent"))
    body = reply.json()
    assert reply.status_code == 201
    assert reply.headers["location"] == f"/v1/bookings/{body['booking_id']}"
    assert body["status"] == "proposed"
    assert body["services"] == ["b12-level", "b12-im-1000"], "blood is drawn before the injection"
    assert body["duration_minutes"] == 40
    assert body["windows"] == [{"start": "2030-05-06T13:00:00Z", "end": "2030-05-06T16:00:00Z"}]
    assert (body["area_id"], body["reference"], body["priority"]) == ("maple", "SHOP-1", "urgent")
    assert await desk.read(body["booking_id"]) == body
