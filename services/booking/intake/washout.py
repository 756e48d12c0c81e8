"""Holding, among a patient's visits, the rule that no level is drawn soon after its substance was injected."""

import datetime as dt
from collections.abc import Iterable

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.domain.catalogue import Catalogue
from services.booking.domain.progress import BookingStatus, Step
from services.booking.domain.refusal import refuse_if
from services.booking.domain.rules import Exposure, washout_problems
from services.booking.store import queries
from services.booking.store.models import VisitDayRow
from services.booking.store.new import AnyVisit
from services.booking.store.visits import windows_of
from shared.areas import Area
from shared.events.values import TimeWindow


async def hold_washout(session: AsyncSession, catalogue: Catalogue, visit: AnyVisit, area: Area) -> None:
    """Let a visit pass whose times keep the rule.

    Raises:
        Problem: 422, another visit of the patient stands against it.
    """
    here = _exposure(catalogue, visit, [])
    if not (here.gives | here.assays) & set(catalogue.washout_days):
        return
    others = [
        other
        for other in await queries.visits_of_patient(session, visit.patient_id)
        if other.visit_id != visit.visit_id and other.status not in {BookingStatus.CANCELLED, BookingStatus.NOSHOW}
    ]
    days = await queries.days_of(session, *(other.visit_id for other in others)) if others else {}
    exposures = [_exposure(catalogue, other, days[other.visit_id]) for other in others]
    refuse_if(washout_problems(here, exposures, catalogue.washout_days, area))


def _exposure(catalogue: Catalogue, visit: AnyVisit, days: Iterable[VisitDayRow]) -> Exposure:
    duration = dt.timedelta(minutes=visit.duration_minutes)
    done = [day.at for day in days if day.step == Step.DONE and day.at is not None]
    return Exposure(
        gives=catalogue.given(visit.services),
        assays=catalogue.assayed(visit.services),
        times=tuple(TimeWindow(start=at - duration, end=at) for at in done) or windows_of(visit),
    )
