"""HTTP in: the page and its fragments, commands to the owning rooms, the stream, and the files the page loads."""

from services import page_files
from services.board.api import commands, entry, files, looks, stream

ROUTERS = (entry.router, looks.router, commands.router, stream.router, files.router, page_files.router)
