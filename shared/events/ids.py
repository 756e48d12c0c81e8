"""Names for identifiers: a VisitId is not a NurseId, and mypy knows it."""

from typing import NewType
from uuid import UUID

AreaId = NewType("AreaId", str)
BookingId = NewType("BookingId", UUID)
EventId = NewType("EventId", UUID)
NurseId = NewType("NurseId", UUID)
PatientId = NewType("PatientId", UUID)
ShiftId = NewType("ShiftId", UUID)
VisitId = NewType("VisitId", UUID)

NurseRef = NewType("NurseRef", str)
"""The operator's own staff code (``N07``): what booking systems and dispatchers call a nurse by."""
