"""THE contract between rooms: every event, its topic, and the envelope it travels in.

Importing this package registers every event of the house.
"""

from shared.events import booking, dispatch, geocoding, intake, routing
from shared.events.envelope import Envelope, decode, encode
from shared.events.registry import EVENTS, Event

__all__ = ["EVENTS", "Envelope", "Event", "booking", "decode", "dispatch", "encode", "geocoding", "intake", "routing"]
