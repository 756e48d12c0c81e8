"""Routing: the planner.

Owns plan requests, plans and offers, and the planner as a library (``domain``, ``solver``).
Consumes visits, places, shifts and disruptions. Emits ``RoutePlanned``, ``PlanCommitted`` and ``OfferMade``.
"""
