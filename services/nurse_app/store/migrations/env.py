"""Alembic's entry to the nurses' tables."""

from services.nurse_app.store.models import Base
from shared.db.migrate import run_migrations

run_migrations(Base.metadata)
