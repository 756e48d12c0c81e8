"""Transactions shared by what comes at the same time: a commit costs the same for one as for fifty."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db.session import Database
from shared.db.transient import is_contention, is_transient

MOST = 64
MOST_WAITING = 1_024
"""Two seconds of work for one process: who came later would be answered when nobody listens any more."""
ATTEMPTS = 3
"""How often one item is tried that met another process: on its key, its reference or its patient."""


type Work[T, R] = Callable[[AsyncSession, Sequence[T]], Awaitable[Sequence[R]]]
"""Does what is to be done about some items, in a transaction; returns a result for each, in their order."""


@dataclass(frozen=True, slots=True)
class _Waiting[T, R]:
    work: Work[T, R]
    item: T
    claims: frozenset[Hashable]
    result: asyncio.Future[R]


class Together[T, R]:
    """Runs work on items that come at the same time in one transaction, one transaction after the other.

    While one runs, what comes waits, and the next takes all of it: nobody waits for company, and the busier it is the
    more share a commit. Items that claim the same thing go into transactions of their own, in the order they came.

    Args:
        db: the room's database.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[_Waiting[T, R]] = deque()
        self._working: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether so much waits that more had better come again later."""
        return len(self._waiting) >= MOST_WAITING

    async def run(self, work: Work[T, R], item: T, claims: frozenset[Hashable]) -> R:
        """Return the result for an item once it is committed.

        Args:
            work: the same of every caller.
            item: what it is done on.
            claims: what no other item in the transaction may claim.

        Raises:
            Exception: what the work on this item raised, or what the database did.
        """
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(work, item, claims, result))
        if self._working is None or self._working.done():
            # Of no caller's context: what is logged or traced in here belongs to all of them.
            self._working = asyncio.create_task(self._work_off(), name="together", context=Context())
        return await result

    async def _work_off(self) -> None:
        while self._waiting:
            group = self._next_group()
            try:
                await self._do(group)
            finally:
                for each in group:
                    each.result.cancel()  # only those left open: the loop is being shut down

    def _next_group(self) -> list[_Waiting[T, R]]:
        """Take the first ones off the queue, leaving behind, in order, what claims something they claim."""
        group: list[_Waiting[T, R]] = []
        claimed: set[Hashable] = set()
        left: list[_Waiting[T, R]] = []
        while self._waiting and len(group) < MOST:
            each = self._waiting.popleft()
            (left if claimed & each.claims else group).append(each)
            claimed |= each.claims
        self._waiting.extendleft(reversed(left))
        return group

    async def _do(self, group: Sequence[_Waiting[T, R]], attempt: int = 1) -> None:
        try:
            async with self._db.transaction() as session:
                results = await group[0].work(session, [each.item for each in group])
        except Exception as error:  # noqa: BLE001 - every caller is told
            if _passes_for_all(error) or (len(group) == 1 and (attempt == ATTEMPTS or not _lost_a_race(error))):
                for each in group:
                    if not each.result.done():
                        each.result.set_exception(error)
                return
            # One of them sinks the others, or met another process between our look and our insert. Alone, it concerns
            # nobody else; and a second look finds what the other process stored.
            for each in group:
                await self._do([each], attempt + 1 if len(group) == 1 else 1)
            return
        for each, result in zip(group, results, strict=True):
            if not each.result.done():
                each.result.set_result(result)


def _lost_a_race(error: Exception) -> bool:
    """Tell whether another transaction stored the same thing first, or the database chose between the two."""
    return isinstance(error, IntegrityError) or is_contention(error)


def _passes_for_all(error: Exception) -> bool:
    """Tell whether everybody would fail alike: the database is away, or full."""
    return is_transient(error) and not _lost_a_race(error)
