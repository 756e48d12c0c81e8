"""``python -m services.nurse_app``: the nurses' pages alone."""

from services.nurse_app.service import build
from services.one_room import run

run(build)
