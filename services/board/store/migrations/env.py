"""Alembic's entry to the board's tables."""

from services.board.store.models import Base
from shared.db.migrate import run_migrations

run_migrations(Base.metadata)
