"""Run the dispatch room alone: ``python -m services.dispatch``."""

from services.dispatch.service import build
from services.one_room import run

run(build)
