"""The booking room: what booking systems ask for, and what becomes of it.

Owns patients (the only home of names and keys), bookings, visits and the catalogue of services. Consumes places from
geocoding, plans from routing, assignments and acts from dispatch. Emits VisitRequested, VisitChanged, VisitCancelled.
"""
