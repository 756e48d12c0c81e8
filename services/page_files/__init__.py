"""The files that pages of several rooms load: front-end packages and areas' maps.

Outside the rooms: board and nurse_app both serve them when each is a process of its own, and neither imports the other.
"""

from services.page_files.serving import router

__all__ = ["router"]
