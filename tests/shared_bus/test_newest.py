"""The newest word on a thing is kept, and the quiet commit that wakes nobody."""

from pathlib import Path
from uuid import UUID

from sqlmodel import Field, SQLModel, select

from shared.db.base import room_registry
from shared.db.newest import keep_newest
from shared.db.session import Database


class Base(SQLModel, registry=room_registry()):
    """Root of this test's tables."""


class WordRow(Base, table=True):
    """The newest word on a thing."""

    __tablename__ = "word"

    thing: UUID = Field(primary_key=True)
    version: int
    body: str | None = None


THING = UUID(int=1)


async def test_an_older_word_or_the_same_again_changes_nothing(tmp_path: Path) -> None:
    db = Database.in_file(tmp_path / "words.sqlite")
    async with db.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with db.transaction() as session:
        words = [(2, "new"), (1, "older"), (2, "again"), (3, None)]
        written = [await keep_newest(session, WordRow(thing=THING, version=v, body=body)) for v, body in words]
    async with db.reading() as session:
        row = (await session.exec(select(WordRow))).one()
    await db.close()
    assert written == [True, False, False, True]
    assert (row.version, row.body) == (3, None)


async def test_a_quiet_commit_wakes_nobody(tmp_path: Path) -> None:
    db = Database.in_file(tmp_path / "words.sqlite")
    commits = db.commits()
    async with db.transaction(quiet=True):
        pass
    quiet = commits.is_set()
    async with db.transaction():
        pass
    await db.close()
    assert (quiet, commits.is_set()) == (False, True)
