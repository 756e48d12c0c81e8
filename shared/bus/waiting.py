"""Waiting: for the first of several things to happen, or for a while that no two waiters share."""

import asyncio
import random


async def wait_any(seconds: float, *events: asyncio.Event) -> bool:
    """Wait until one of the events is set, at most this long; tell whether one was."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return bool(done)


def jittered(attempt: int, *, first: float, cap: float) -> float:
    """Return the seconds to wait after a number of failures in a row (from 1): doubling, capped, 50 to 100 % of it.

    The jitter keeps everybody who lost the same thing from coming back for it at the same instant.
    """
    whole = min(cap, first * 2.0 ** min(attempt - 1, 30))
    return whole * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
