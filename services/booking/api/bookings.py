"""Bookings over HTTP."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response

from services.booking.api.change import cancel, move, reschedule
from services.booking.api.cursor import read_cursor, write_cursor
from services.booking.api.documentation import problems
from services.booking.api.idempotency import Key, read_key
from services.booking.api.json_route import Handler, JsonRoute, readable_body
from services.booking.deps import Current, current
from services.booking.domain.change import AddressChange, Cancel, Reschedule
from services.booking.domain.progress import BookingStatus
from services.booking.intake.reading import read_request
from services.booking.intake.replies import BookingPage, BookingReply, reply
from services.booking.intake.take import book
from services.booking.store import queries
from shared.errors import not_found
from shared.events import booking_request as asked
from shared.events.booking_request import BookingRequest
from shared.events.ids import AreaId

router = APIRouter(prefix="/v1/bookings", tags=["booking"], route_class=JsonRoute)


class BookRoute(JsonRoute):
    """A route that is documented by its endpoint's signature and calls it without the framework's resolving of it.

    That resolving costs as much CPU as all the rules of a booking.
    """

    def get_route_handler(self) -> Handler:
        """Return what reads key and body and books."""

        async def read_and_book(request: Request) -> Response:
            body = await readable_body(request)
            key = await read_key(request.headers.get("idempotency-key"))
            return await post_booking(await current(request), read_request(body), key)

        return read_and_book


async def post_booking(state: Current, request: BookingRequest, key: Key) -> Response:
    """Ask for a visit. The reply says it was taken (`proposed`); read the booking to see it located and planned.

    Repeat the request with the same `Idempotency-Key` when no reply came: there will be one booking. A reply that
    was given before carries `Idempotency-Replayed: true`.
    """
    booked = await book(state, request, key)
    headers = {"Location": f"/v1/bookings/{booked.booking_id}"}
    if booked.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(booked.body, 201, headers, media_type="application/json")


router.add_api_route(
    "",
    post_booking,
    methods=["POST"],
    status_code=201,
    summary="Book",
    response_model=BookingReply,
    responses=problems(400, 409, 413, 415, 503),
    route_class_override=BookRoute,
)


@router.get("/{booking_id}", summary="Read a booking", responses=problems(404))
async def get_booking(state: Current, booking_id: UUID) -> BookingReply:
    """Return a booking with its status, who comes and when, and why it is not further."""
    async with state.db.reading() as session:
        found = await queries.booking_with_visit(session, booking_id, hold=False)
        if found is None:
            raise not_found("booking", booking_id)
        booking, visit = found
        days = await queries.days_of(session, visit.visit_id)
    return reply(booking, visit, days[visit.visit_id])


@router.get("", summary="List bookings", responses=problems())
async def list_bookings(
    state: Current,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    area_id: Annotated[AreaId | None, Query(description="Only this area's.")] = None,
    date: Annotated[dt.date | None, Query(description="Only those wished on this date of their area.")] = None,
    status: Annotated[BookingStatus | None, Query(description="Only those with this status.")] = None,
) -> BookingPage:
    """Return bookings, newest first, a page at a time. What is booked meanwhile moves no page."""
    after = None if cursor is None else read_cursor(cursor)
    page = queries.Page(limit + 1, after, area_id, date, status)
    async with state.db.reading() as session:
        rows = await queries.list_visits(session, page)
        days = await queries.days_of(session, *(visit.visit_id for _, visit in rows[:limit]))
    items = [reply(booking, visit, days[visit.visit_id]) for booking, visit in rows[:limit]]
    more = len(rows) > limit
    return BookingPage(items=items, next_cursor=write_cursor(items[-1].booking_id) if more else None)


@router.post("/{booking_id}/reschedule", summary="Wish for other times", responses=problems(400, 404, 409, 413, 415))
async def post_reschedule(
    state: Current,
    booking_id: UUID,
    wishes: Annotated[
        Reschedule,
        Body(
            openapi_examples={
                "windows": {"summary": "Intervals", "value": {"windows": asked.EXAMPLE["windows"], "version": 1}},
                "days": {"summary": "Whole days", "value": {"any_time_on": ["2030-05-08", "2030-05-09"]}},
            }
        ),
    ],
) -> BookingReply:
    """Replace the wishes about time. Possible until the nurse is on her way; the same wishes again change nothing."""
    return await reschedule(state, booking_id, wishes)


@router.put("/{booking_id}/address", summary="Change the address", responses=problems(400, 404, 409, 413, 415))
async def put_address(
    state: Current,
    booking_id: UUID,
    address: Annotated[
        AddressChange,
        Body(
            openapi_examples={
                "parts": {"summary": "In parts", "value": {**asked.EXAMPLE["address"], "version": 1}},
                "line": {"summary": "One line", "value": {"line": "219-21 Jamaica Ave, Unit 3B, Queens, NY 11428"}},
            }
        ),
    ],
) -> BookingReply:
    """Replace the address within the area; it is looked up anew. Possible until the nurse is on her way."""
    return await move(state, booking_id, address)


@router.post("/{booking_id}/cancel", summary="Cancel a booking", responses=problems(400, 404, 409, 413, 415))
async def post_cancel(
    state: Current,
    booking_id: UUID,
    why: Annotated[
        Cancel, Body(openapi_examples={"patient": {"summary": "The patient's wish", "value": {"reason": "patient"}}})
    ],
) -> BookingReply:
    """Call a booking off. Possible until the nurse is at the door; a cancelled booking stays as it is."""
    return await cancel(state, booking_id, why)
