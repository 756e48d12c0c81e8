"""What the booking room tidies up by itself: Idempotency-Keys that have expired."""

import asyncio

import structlog

from services.booking.deps import BookingState
from services.booking.store import queries
from shared.bus.waiting import wait_any
from shared.db.transient import is_transient

EVERY_SECONDS = 3600.0

log = structlog.get_logger()


async def forget_expired_keys(state: BookingState, stop: asyncio.Event) -> None:
    """Forget expired keys now and every hour, until told to stop."""
    while not stop.is_set():
        try:
            async with state.db.transaction() as session:
                await queries.forget_replies(session, state.clock() - state.keep_replies)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("postponed_forgetting_keys", reason=type(error).__name__)
        await wait_any(EVERY_SECONDS, stop)
