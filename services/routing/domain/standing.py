"""Where a shift stands: what has begun, and from where and when the rest of its route can be planned."""

from dataclasses import dataclass
from itertools import permutations

from services.routing.domain.gap import finish
from services.routing.domain.plan import Stop
from services.routing.domain.problem import UNREACHABLE, BegunBreak, BegunVisit, Problem, Shift


@dataclass(frozen=True, slots=True)
class Standing:
    """A shift as far as it has begun.

    Attributes:
        stops: what has begun.
        site: where the nurse is when the last of it ends.
        free_at: when she can leave there at the earliest: never before the shift, though she may have begun before it.
        pending: numbers of the breaks still to be taken; one that can no longer be over in time has lapsed.
        departure: when she left the start place; None: nothing has begun.
    """

    shift: Shift
    stops: tuple[Stop, ...]
    site: int
    free_at: int
    pending: tuple[int, ...]
    departure: int | None

    @property
    def open(self) -> bool:
        """Whether the rest of the shift holds at least its breaks; if not, nothing more can be planned in it."""
        breaks = [self.shift.breaks[number] for number in self.pending]
        return any(finish(self.free_at, 0, order) <= self.shift.end for order in permutations(breaks))


def standing(problem: Problem, shift: Shift) -> Standing:
    """Return where the shift stands."""
    begun = problem.begun_in[shift.id]
    site = shift.start_site
    stops: list[Stop] = []
    for fact in begun:
        if isinstance(fact, BegunVisit):
            here = problem.visit[fact.visit_id].site
            drive_s, drive_m = _drive(problem, site, here)
            stops.append(Stop(fact.visit_id, None, fact.arrival, fact.start, fact.end, drive_s, drive_m, begun=True))
            site = here
        else:
            stops.append(Stop(None, fact.number, fact.start, fact.start, fact.end, 0, 0, begun=True))
    free_at = max([problem.now, shift.start, *(fact.end for fact in begun)])
    taken = {fact.number for fact in begun if isinstance(fact, BegunBreak)}
    pending = tuple(
        number
        for number, pause in enumerate(shift.breaks)
        if number not in taken and free_at + pause.duration_s <= pause.latest_end
    )
    departure = stops[0].arrival - stops[0].drive_s if stops else None
    return Standing(shift, tuple(stops), site, free_at, pending, departure)


def _drive(problem: Problem, origin: int, target: int) -> tuple[int, int]:
    """Return seconds and metres of a leg that was driven; 0 where the map knows no road."""
    seconds = problem.travel.seconds_rows[origin][target]
    return (0, 0) if seconds == UNREACHABLE else (seconds, problem.travel.metres_rows[origin][target])
