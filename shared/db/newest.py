"""Keeping the newest word on a thing, in one statement: a row is written unless a newer one stands there.

Read models do this with every event they hear. Reading the row first, under a lock, and writing it through the session
takes twice the statements and several times the work.
"""

from functools import cache
from typing import Any

from sqlalchemy import Executable, inspect, literal
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


async def keep_newest(session: AsyncSession, row: SQLModel, version: str = "version") -> bool:
    """Write a row whole, unless one with the same key and the same or a newer version is there; tell whether it was.

    Args:
        session: a writing transaction.
        row: of a table; it does not join the session.
        version: the column that only grows.
    """
    connection = await session.connection()
    columns = inspect(type(row)).columns.keys()
    values: dict[str, Any] = {name: getattr(row, name) for name in columns}
    return (await connection.execute(_upsert(type(row), version, connection.dialect.name), values)).first() is not None


@cache
def _upsert(kind: type[SQLModel], version: str, dialect: str) -> Executable:
    mapper = inspect(kind)
    key = [column.name for column in mapper.primary_key]
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(mapper.local_table)
    return insert.on_conflict_do_update(
        index_elements=key,
        set_={column.name: insert.excluded[column.name] for column in mapper.columns if column.name not in key},
        where=mapper.columns[version] < insert.excluded[version],
    ).returning(literal(1))
