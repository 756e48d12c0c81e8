"""How much work a search may do: a count that is the same on every machine, and a cap on the clock as a safety."""

from dataclasses import dataclass
from threading import Event
from time import monotonic

HALT = Event()
"""Set when nobody wants the result of the present search any more: it stops where it is."""


@dataclass(frozen=True, slots=True)
class Effort:
    """When a search stops; it also stops by itself once nothing gets better.

    Attributes:
        rounds: neighbourhoods solved anew straight downhill; one searched further counts for more (see search.py).
        cap_s: wall-clock seconds; set it far above what the rounds need. A plan that was stopped by it is valid,
            but the same input need not give the same plan again.
    """

    rounds: int = 300
    cap_s: float = 120.0


class Meter:
    """Counts the effort of one search, from its construction on.

    Attributes:
        rounds: taken so far.
        capped: the clock has stopped the search, or whoever asked for it.
    """

    def __init__(self, effort: Effort) -> None:
        self._effort = effort
        self._began = monotonic()
        self.rounds = 0
        self.capped = False

    @property
    def seconds(self) -> float:
        """Wall-clock seconds since the search began."""
        return monotonic() - self._began

    @property
    def seconds_left(self) -> float:
        """Wall-clock seconds until the cap."""
        return max(0.0, self._effort.cap_s - self.seconds)

    def take(self, rounds: int = 1) -> bool:
        """Take so many rounds if there are any left."""
        if self.rounds >= self._effort.rounds:
            return False
        if self.seconds_left <= 0 or HALT.is_set():
            self.capped = True
            return False
        self.rounds += rounds
        return True
