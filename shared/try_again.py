"""A command that another transaction was in the way of is tried again before anybody is told."""

import asyncio
import random
from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db.transient import is_contention

ATTEMPTS = 3
LONGEST_PAUSE_SECONDS = 0.02
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
MARK = "rounds.contention"


def note_contention(scope: Scope, error: Exception) -> bool:
    """Note that a request failed because of another transaction; tell whether it is tried again."""
    mark = scope.get(MARK)
    if mark is None or not is_contention(error):
        return False
    mark.set()
    return True


class TryAgain:
    """Repeats a request whose one transaction was rolled back for the sake of another's.

    Two that insert the same row, that wait for each other's, or that decided on what the other changed: one of them is
    rolled back as a whole, and finds the other's work done when it comes again. Nothing else is repeated: where a
    connection breaks, the transaction may have been committed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, up to three times; what it was sent is kept for the next time."""
        if scope["type"] != "http" or scope["method"] not in CHANGING:
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []
        for _ in range(ATTEMPTS - 1):
            in_the_way = asyncio.Event()
            tried = {**scope, MARK: in_the_way}
            await self._app(tried, _again(kept, receive), _unless(in_the_way, send, scope, tried))
            if not in_the_way.is_set():
                return
            await asyncio.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 - spreads load, guards nothing
        await self._app(scope, _again(kept, receive), send)


def _again(kept: list[Message], receive: Receive) -> Receive:
    """Return how to receive what was received before, then what is new; all of it is kept."""
    earlier = deque(kept)

    async def received() -> Message:
        if earlier:
            return earlier.popleft()
        kept.append(await receive())
        return kept[-1]

    return received


def _unless(in_the_way: asyncio.Event, send: Send, scope: Scope, tried: Scope) -> Send:
    async def sent(message: Message) -> None:
        if not in_the_way.is_set():
            scope["route"] = tried.get("route")  # who watches from outside names requests by it
            await send(message)

    return sent
