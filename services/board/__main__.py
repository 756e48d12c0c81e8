"""``python -m services.board``: the board alone."""

from services.board.service import build
from services.one_room import run

run(build)
