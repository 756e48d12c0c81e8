"""All that the rooms said of one area's day, as the read model holds it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.board.domain.progress import Progress
from shared.areas import Area
from shared.events.booking import VisitRequested
from shared.events.dispatch import RouteDispatched, ShiftOpened
from shared.events.geocoding import PlaceResolved, PlaceUnresolved
from shared.events.ids import ShiftId, VisitId
from shared.events.routing import PlanCommitted


@dataclass(frozen=True, slots=True)
class DayFacts:
    """The newest word on each thing.

    Attributes:
        revision: grows with every change of the area's read model.
        visits: those whose windows touch the day, and those that have or had a nurse on it; none that is cancelled or
            held by a nurse on another day. A changed visit is read as if it had been requested so.
        shifts: those not closed; a changed shift is read as if it had been opened so.
        routes: what each nurse was last handed; without stops when it was taken back.
        plan: the newest committed plan.
    """

    area: Area
    date: dt.date
    revision: int
    visits: Mapping[VisitId, VisitRequested]
    places: Mapping[VisitId, PlaceResolved | PlaceUnresolved]
    shifts: Sequence[ShiftOpened]
    routes: Mapping[ShiftId, RouteDispatched]
    progress: Mapping[VisitId, Progress]
    plan: PlanCommitted | None
