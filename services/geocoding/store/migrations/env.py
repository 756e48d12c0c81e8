"""Alembic's entry for the geocoding room."""

from services.geocoding.store.models import Base
from shared.db.migrate import run_migrations

run_migrations(Base.metadata)
