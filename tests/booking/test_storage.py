"""A database that cannot take a booking: the caller is told, nothing is half-done, and no patient stands in a log."""

import asyncio
import itertools

import pytest
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from services.booking.store import together
from services.booking.store.models import BookingRow
from shared.clock import new_id
from tests.booking.desk import NOW, Desk, booking


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)  # its file can be given an end
async def test_a_full_disk_is_told_and_the_booking_is_taken_once_there_is_room(desk: Desk) -> None:
    async with desk.state.db.transaction() as session:
        pages = await (await session.connection()).exec_driver_sql("PRAGMA page_count")
        await (await session.connection()).exec_driver_sql(f"PRAGMA max_page_count = {pages.scalar()}")
    numbers = itertools.count()
    with capture_logs() as logs:
        while (full := await desk.post(booking(notes="x" * 2000), f"k{(number := next(numbers))}")).status_code == 201:
            pass
    assert (full.status_code, full.json()["type"]) == (503, "/problems/storage-unavailable")
    assert full.json()["detail"].startswith("The disk is full. Nothing was changed.")
    assert "postponed_request" in {entry["event"] for entry in logs}
    async with desk.state.db.transaction() as session:
        await (await session.connection()).exec_driver_sql("PRAGMA max_page_count = 100000")
    again = await desk.post(booking(notes="x" * 2000), f"k{number}")
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)
    listed = (await desk.client.get("/v1/bookings", params={"limit": 200})).json()["items"]
    assert len(listed) == len(await desk.said()) == number + 1


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)  # one open transaction holds all others up
async def test_more_than_can_wait_is_told_to_come_again_and_then_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "MOST_WAITING", 3)
    async with desk.state.db.transaction() as session:
        await session.connection()
        posts = [asyncio.create_task(desk.post(booking(), f"k{number}")) for number in range(10)]
        done, waiting = await asyncio.wait(posts, timeout=0.5)
        assert 3 <= len(waiting) <= 6, "those in the next transaction, and three behind them"
    refused = {post.result().status_code: post.result() for post in done}
    assert list(refused) == [503]
    assert refused[503].json()["type"] == "/problems/overloaded"
    assert refused[503].headers["retry-after"] == "1"
    assert {(await post).status_code for post in waiting} == {201}
    again = [await desk.post(booking(), f"k{number}") for number in range(10)]
    assert [reply.headers.get("idempotency-replayed") for reply in again].count(None) == len(done)
    assert {reply.status_code for reply in again} == {201}


async def test_a_failed_statement_does_not_quote_what_it_was_to_store(desk: Desk) -> None:
    row = BookingRow(booking_id=new_id(), patient_id=new_id(), reference="CANARY-REFERENCE", created_at=NOW)
    with pytest.raises(IntegrityError) as caught:
        async with desk.state.db.transaction() as session:
            session.add(row)
    assert "INSERT INTO booking" in str(caught.value)
    assert "CANARY" not in str(caught.value)
