"""Which routes to plan anew together: those whose stops lie near each other, and the visits waiting around them."""

from collections.abc import Iterable, Sequence
from random import Random

import numpy as np

from services.routing.domain.problem import Visit
from services.routing.solver.draft import Draft
from shared.events.ids import ShiftId, VisitId

POOL = 20
"""Visits left out that join a neighbourhood, the nearest."""


class Neighbourhoods:
    """Chooses neighbourhoods of a draft as it stands."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        problem = draft.scheduler.problem
        seconds = problem.travel.seconds.astype(np.int64)
        self._seconds = np.minimum(seconds, seconds.T)
        stands = [draft.scheduler.standing(shift.id) for shift in problem.shifts]
        self.open = [stand.shift.id for stand in stands if stand.open]

    def around_shift(self, centre: ShiftId, random: Random, size: int) -> list[ShiftId]:
        """Return the shift and ``size`` - 1 others at random, near ones more often than far ones."""
        sites = self._sites(centre)
        others = self._nearest((shift_id for shift_id in self.open if shift_id != centre), sites)
        chosen = [centre]
        while others and len(chosen) < size:
            reach = min(len(others), 3 * size)
            chosen.append(others.pop(int(random.random() ** 2 * reach)))
        return chosen

    def around_visits(self, visits: Sequence[Visit], size: int) -> list[ShiftId]:
        """Return the ``size`` shifts nearest to the visits, at least half of them with a nurse who may do one.

        The others are there to take over what those nurses would have to give up.
        """
        able = {shift.id for visit in visits for shift in self._draft.eligible(visit.id)}
        nearest = self._nearest(self.open, [visit.site for visit in visits])
        chosen = [shift_id for shift_id in nearest if shift_id in able][: -(-size // 2)]
        return chosen + [shift_id for shift_id in nearest if shift_id not in chosen][: size - len(chosen)]

    def pool(self, shift_ids: Sequence[ShiftId]) -> list[VisitId]:
        """Return the visits left out that one of the shifts may take, the nearest first, at most POOL of them."""
        problem = self._draft.scheduler.problem
        chosen = set(shift_ids)
        waiting = [
            visit_id
            for visit_id in self._draft.left_out
            if any(shift.id in chosen for shift in self._draft.eligible(visit_id))
        ]
        sites = [site for shift_id in shift_ids for site in self._sites(shift_id)]
        return sorted(waiting, key=lambda v: (int(self._seconds[problem.visit[v].site, sites].min()), v))[:POOL]

    def _nearest(self, shift_ids: Iterable[ShiftId], sites: list[int]) -> list[ShiftId]:
        """Return the shifts by the mean drive from each of the sites to the nearest of their stops."""

        def far(shift_id: ShiftId) -> tuple[int, ShiftId]:
            drives = self._seconds[np.ix_(sites, self._sites(shift_id))]
            return int(drives.min(axis=1).sum()), shift_id

        return sorted(shift_ids, key=far)

    def _sites(self, shift_id: ShiftId) -> list[int]:
        """Return where a route's planned visits are; of an empty one, where its nurse is."""
        problem = self._draft.scheduler.problem
        planned = [problem.visit[visit_id].site for visit_id in self._draft.routes[shift_id].planned]
        return planned or [self._draft.scheduler.standing(shift_id).site]
