"""Alembic's entry to the dispatch room's tables."""

from services.dispatch.store.models import Base
from shared.db.migrate import run_migrations

run_migrations(Base.metadata)
