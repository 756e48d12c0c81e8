"""Leases: one holder at a time for a named duty, which passes on when the holder stops renewing it or dies."""

import os
import socket
from datetime import datetime

import psutil
from sqlalchemy import Column, MetaData, String, Table, bindparam, delete, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clock import new_id
from shared.db.base import UtcDateTime

SAME_START_SECONDS = 2.0
"""A process's start is reckoned from the clock, which may be set meanwhile."""


def new_holder() -> str:
    """Return a name for a holder in this process: host, process, the process's start, and a part of its own."""
    started = psutil.Process().create_time()
    return f"{socket.gethostname()}/{os.getpid()}/{started}/{new_id()}"


def is_gone(holder: str) -> bool:
    """Tell whether a holder was a process of this host that is no more.

    So a restart after a kill need not wait for the lease of its own past self to run out. Where two machines share a
    host name the answer may be wrong; then two holders work side by side until the next renewal, which every user of a
    lease must survive anyway.
    """
    host, pid, started, _ = holder.split("/")
    if host != socket.gethostname():
        return False
    try:
        alive_since: float = psutil.Process(int(pid)).create_time()
    except psutil.NoSuchProcess:
        return True
    return abs(alive_since - float(started)) > SAME_START_SECONDS  # the number went to another process


class Leases:
    """The table ``lease`` of a room.

    Args:
        metadata: the room's; the table joins it.
    """

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "lease",
            metadata,
            Column("name", String, primary_key=True),
            Column("holder", String, nullable=False),
            Column("until", UtcDateTime, nullable=False),
        )
        self._take = text(
            "INSERT INTO lease (name, holder, until) VALUES (:name, :holder, :until)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until"
            " WHERE lease.holder IN (:holder, :gone) OR lease.until < :now RETURNING 1"
        ).bindparams(bindparam("until", type_=UtcDateTime()), bindparam("now", type_=UtcDateTime()))

    async def take(self, session: AsyncSession, name: str, holder: str, *, now: datetime, until: datetime) -> bool:
        """Take a lease, or renew it; tell whether this holder has it now."""
        connection = await session.connection()
        present = await connection.scalar(select(self.table.c.holder).where(self.table.c.name == name))
        gone = present if present is not None and present != holder and is_gone(present) else ""
        row = await connection.execute(
            self._take, {"name": name, "holder": holder, "gone": gone, "now": now, "until": until}
        )
        return row.first() is not None

    async def release(self, session: AsyncSession, name: str, holder: str) -> None:
        """Give a lease back, if this holder still has it."""
        table = self.table
        statement = delete(table).where(table.c.name == name, table.c.holder == holder)
        await (await session.connection()).execute(statement)
