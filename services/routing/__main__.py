"""``python -m services.routing``: this room as a process of its own."""

from services.one_room import run
from services.routing.service import build

if __name__ == "__main__":
    run(build)
