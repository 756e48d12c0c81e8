"""Hints between the processes of a room on PostgreSQL: one commits, the others look at once, not at their next poll.

A hint may be lost, with the process that owed it or while the server is away; whoever waits for one polls as well.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import asyncpg
import structlog

from shared.db.patience import Patience
from shared.db.transient import is_transient
from shared.errors import TransientError

if TYPE_CHECKING:
    from shared.db.postgres import PgConnection

CHANNEL = "rounds_commit"
GATHER_SECONDS = 0.02
"""After a hint, commits gather this long before the next."""
CLOSE_SECONDS = 2.0
RECONNECT_CAP_SECONDS = 5.0
LASTING_SECONDS = 60.0
"""The pause after a failure that does not pass by itself."""

log = structlog.get_logger()


class CommitHints:
    """One connection beside the pool, which says that this process committed and hears it from the others.

    NOTIFY inside the writing transactions would have all of them commit one after the other, each with its own wait for
    the disk: PostgreSQL holds a lock of the whole server while a transaction that notifies commits. A NOTIFY by itself,
    after the commit and for as many commits as there were meanwhile, waits for no disk and holds nobody up.

    Args:
        connect: opens a connection.
        heard: called when another process committed, or may have.
    """

    def __init__(self, connect: Callable[[], "Awaitable[PgConnection]"], heard: Callable[[], None]) -> None:
        self._connect = connect
        self._heard = heard
        self._due = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Begin to listen, unless that has begun."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="commit hints")

    def committed(self) -> None:
        """Note that this process committed: the others are told soon."""
        self.begin()
        self._due.set()

    async def close(self) -> None:
        """Stop listening; what was not said yet is left to the others' polls."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        patience = Patience("telling other processes of commits", cap_seconds=RECONNECT_CAP_SECONDS)
        while True:
            try:
                connection = await self._connect()
                try:
                    await self._exchange(connection, patience)
                finally:
                    await _leave(connection)
            except Exception as error:  # noqa: BLE001 - polls go on without hints, so nothing need end with them
                await asyncio.sleep(_pause_after(error, patience))

    async def _exchange(self, connection: "PgConnection", patience: Patience) -> None:
        connection.add_termination_listener(lambda _connection: self._due.set())
        await connection.add_listener(CHANNEL, lambda *notice: self._on_notice(notice[1], connection.get_server_pid()))
        patience.worked()
        self._heard()  # nobody listened a moment ago
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await connection.execute(f"NOTIFY {CHANNEL}")
            except asyncpg.InterfaceError as error:
                raise TransientError("PostgreSQL closed the connection that listens for commits.") from error
            await asyncio.sleep(GATHER_SECONDS)

    def _on_notice(self, sender: int, ourselves: int) -> None:
        if sender != ourselves:
            self._heard()


def _pause_after(error: Exception, patience: Patience) -> float:
    """Return the seconds to wait before another try; what does not pass by itself is told each time."""
    if is_transient(error):
        return patience.pause_after(error)
    log.error("failed_commit_hints", error=type(error).__name__, retry_seconds=LASTING_SECONDS)
    return LASTING_SECONDS


async def _leave(connection: "PgConnection") -> None:
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except (OSError, TimeoutError):
        connection.terminate()
