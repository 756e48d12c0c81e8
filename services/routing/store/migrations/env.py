"""Alembic's entry for the routing room."""

from services.routing.store.models import Base
from shared.db.migrate import run_migrations

run_migrations(Base.metadata)
