"""Dispatch: who works when, and the live day.

Owns nurses, shifts, licences, and the day: assignments, their progress, the routes handed out.
Consumes plans and visits. Emits ``ShiftOpened``, ``ShiftChanged``, ``ShiftClosed``, ``RouteDispatched``,
``VisitAssigned``, ``AssignmentWithdrawn``, ``AssignmentAccepted``, ``NurseEnRoute``, ``NurseArrived``,
``VisitCompleted``, ``VisitMissed`` and ``DayDisrupted``.
"""
