"""Waiting for a condition instead of for a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

PATIENCE = 15.0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - conditions on a database give no sign
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(*runs: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Run background work for as long as the block lasts, then stop it; its errors are the block's."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for run in runs:
            tasks.create_task(run(stop))
        try:
            yield
        finally:
            stop.set()
