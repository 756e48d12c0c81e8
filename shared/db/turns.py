"""Turns: transactions that decide on what another may be about to write take turns, although no row is there to lock.

A lock on a row keeps two from changing it. It does not keep one from finding a row absent that the other is writing at
the same moment: then each decides without the other's word. Both take a turn under one name first. On SQLite there is
one writing transaction at a time anyway.
"""

import hashlib

from sqlmodel.ext.asyncio.session import AsyncSession


async def take_turn(session: AsyncSession, name: str, *, together: bool = False) -> None:
    """Wait for the transactions that have the turn, and keep it until this one ends.

    Args:
        session: a writing transaction; what it reads from now on is what the others left.
        name: what the turn is about; the same in every process of the room.
        together: share the turn with others that do; who does not waits for all of them, and they for it.
    """
    connection = await session.connection()
    if connection.dialect.name != "postgresql":
        return
    function = "pg_advisory_xact_lock_shared" if together else "pg_advisory_xact_lock"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    await connection.exec_driver_sql(f"SELECT {function}($1)", (number,))
