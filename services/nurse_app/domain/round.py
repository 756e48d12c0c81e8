"""A nurse's round: her stops of one day in order, as her page shows them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.nurse_app.domain.standing import NEXT, OVER, UNDER_WAY, Act, Standing, Status
from shared.events.booking import VisitRequested
from shared.events.dispatch import RouteDispatched
from shared.events.ids import NurseId, VisitId
from shared.events.values import Stop, StopKind


@dataclass(frozen=True, slots=True)
class RoundStop:
    """A stop of hers.

    Attributes:
        number: counts the visits of the day from 1; None for a break.
        visit: what is known of it; None for a break, or while its booking has not been heard of.
        standing: how far it has come; None for a break, or before dispatch has said who has it.
    """

    number: int | None
    stop: Stop
    visit: VisitRequested | None
    standing: Standing | None

    @property
    def status(self) -> Status:
        """Where it stands."""
        return self.standing.status if self.standing else Status.PLANNED

    @property
    def over(self) -> bool:
        """Whether it is done or given up."""
        return self.status in OVER

    @property
    def next_act(self) -> Act | None:
        """What comes next."""
        return NEXT.get(self.status) if self.number else None


@dataclass(frozen=True, slots=True)
class Round:
    """All her stops of the day.

    Attributes:
        plan_version: of the newest plan that changed her routes; 0 without a route.
        geometry: of each route, the streets as a polyline with six decimals.
    """

    stops: Sequence[RoundStop]
    plan_version: int
    departure: dt.datetime | None
    back: dt.datetime | None
    geometry: Sequence[str]

    @property
    def visits(self) -> list[RoundStop]:
        """The stops that are visits."""
        return [stop for stop in self.stops if stop.number]

    @property
    def ahead(self) -> list[RoundStop]:
        """What is still to come: visits that are not over, and breaks that no finished visit comes after."""
        last_over = max((place for place, stop in enumerate(self.stops) if stop.number and stop.over), default=-1)
        return [stop for place, stop in enumerate(self.stops) if (not stop.over if stop.number else place > last_over)]

    @property
    def current(self) -> RoundStop | None:
        """The visit she is at or on her way to; else the first that is not over."""
        ahead = [stop for stop in self.visits if not stop.over]
        return next((stop for stop in ahead if stop.status in UNDER_WAY), ahead[0] if ahead else None)

    @property
    def finished(self) -> int:
        """How many visits are over."""
        return sum(stop.over for stop in self.visits)

    @property
    def to_accept(self) -> int:
        """How many visits she has not accepted yet."""
        return sum(stop.status is Status.PLANNED for stop in self.visits)


def make_round(
    nurse_id: NurseId,
    routes: Sequence[RouteDispatched],
    visits: Mapping[VisitId, VisitRequested],
    standings: Mapping[VisitId, Standing],
    cancelled: frozenset[VisitId],
) -> Round:
    """Return a nurse's round.

    Args:
        nurse_id: whose.
        routes: hers of the day, as last handed out; one without stops was taken back.
        visits: those of the stops that are known.
        standings: of the stops that have one.
        cancelled: visits that are off; they leave the round before dispatch has taken them back.
    """
    given = sorted((said for said in routes if said.route.stops), key=lambda said: said.route.departure)
    stops: list[RoundStop] = []
    number = 0
    for stop in (stop for said in given for stop in said.route.stops):
        standing = standings.get(stop.visit_id) if stop.visit_id else None
        if stop.visit_id and not _is_hers(nurse_id, standing, gone=stop.visit_id in cancelled):
            continue
        is_visit = stop.kind is StopKind.VISIT
        number += is_visit
        visit = visits.get(stop.visit_id) if stop.visit_id else None
        stops.append(RoundStop(number if is_visit else None, stop, visit, standing))
    return Round(
        stops=stops,
        plan_version=max((said.plan_version for said in routes), default=0),
        departure=given[0].route.departure if given else None,
        back=given[-1].route.back if given else None,
        geometry=[said.route.geometry for said in given if said.route.geometry],
    )


def _is_hers(nurse_id: NurseId, standing: Standing | None, *, gone: bool) -> bool:
    if standing is None:
        return not gone
    if standing.nurse_id != nurse_id or standing.status is Status.WITHDRAWN:
        return False
    return not gone or standing.status in OVER | UNDER_WAY
