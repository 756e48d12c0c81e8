"""One key, one booking, one answer, in whichever way the key came.

A reply commits with the booking it tells of, so neither is ever there without the other. A key whose first request is
still being worked on is known in this process; in another process the database makes the second request wait for the
first, and then it finds the reply. Refusals are not kept: a corrected request may come with the same key.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from services.booking.domain.intake import Booked, Entry
from services.booking.store.queries import KnownBooking
from shared.errors import Problem


@contextmanager
def only_one(running: set[str], key_digest: str) -> Iterator[None]:
    """Work on a key's request while nobody else in this process does.

    Raises:
        Problem: 409, the first request with the key is still being worked on.
    """
    if key_digest in running:
        detail = "The first request with this Idempotency-Key is still being worked on. Repeat yours in a second."
        raise Problem(409, "idempotency-key-in-use", "Idempotency-Key is in use", detail, headers={"Retry-After": "1"})
    running.add(key_digest)
    try:
        yield
    finally:
        running.discard(key_digest)


def answered_before(entry: Entry, by_key: KnownBooking | None, by_reference: KnownBooking | None) -> Booked | None:
    """Return the reply to the key's first request; None for a key and a reference that are new.

    Raises:
        Problem: 422, that request asked for something else; 409, the reference came under another key.
    """
    if by_key is not None:
        if by_key.fingerprint != entry.fingerprint or by_key.reply is None:
            detail = (
                f"This Idempotency-Key came before with another body, which made booking {by_key.booking_id}. "
                "Send a fresh key for a new booking, or change that one."
            )
            raise Problem(422, "idempotency-key-reused", "Idempotency-Key came with another body", detail)
        return Booked(by_key.booking_id, by_key.reply, replayed=True)
    if by_reference is not None:
        detail = (
            f"reference: booking {by_reference.booking_id} has this reference already. "
            "Change or cancel that one, or give this one a reference of its own."
        )
        raise Problem(409, "reference-exists", "There is a booking with this reference", detail)
    return None
