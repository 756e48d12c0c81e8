"""Run the booking room alone: ``python -m services.booking``."""

from services.booking.service import build
from services.one_room import run

run(build)
