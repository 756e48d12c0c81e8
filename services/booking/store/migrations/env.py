"""Alembic's entry for the booking room."""

from services.booking.store.models import Base
from shared.db.migrate import run_migrations

run_migrations(Base.metadata)
