"""The geocoding room: from an address to a place.

Owns places (address → point, precision, confidence, area, provenance) and the review queue of addresses that only a
person can settle. Consumes `VisitRequested`, `VisitChanged` and `VisitCancelled`. Emits `PlaceResolved` and
`PlaceUnresolved`.
"""
