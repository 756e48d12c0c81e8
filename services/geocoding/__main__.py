"""``python -m services.geocoding``: this room as a process of its own."""

from services.geocoding.service import build
from services.one_room import run

if __name__ == "__main__":
    run(build)
