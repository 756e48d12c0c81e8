"""Reading the body of a request: the same eyes for HTTP and the bus."""

from pydantic import ValidationError

from shared.events.booking_request import BookingRequest
from shared.http import invalid_request


def read_request(body: bytes) -> BookingRequest:
    """Return the request that a JSON body is.

    Raises:
        Problem: 422, with every field that has not the shape it should have.
    """
    try:
        return BookingRequest.model_validate_json(body)
    except ValidationError as error:
        raise invalid_request(error.errors(include_input=False, include_url=False)) from None
