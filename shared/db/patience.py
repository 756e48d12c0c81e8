"""Patience of background work: what is away is waited for; it is said once when it goes, once when it is back."""

import structlog

from shared.bus.waiting import jittered
from shared.db.transient import is_transient

FIRST_PAUSE_SECONDS = 0.5
CAP_SECONDS = 30.0

log = structlog.get_logger()


class Patience:
    """Tells a loop how long to stay away after a failure that passes by itself.

    Args:
        work: what the loop does, for the log.
        cap_seconds: the longest pause.
    """

    def __init__(self, work: str, cap_seconds: float = CAP_SECONDS) -> None:
        self._work = work
        self._cap_seconds = cap_seconds
        self._failures = 0

    def pause_after(self, error: Exception) -> float:
        """Return the seconds to wait before another try; a failure that does not pass by itself is raised again."""
        if not is_transient(error):
            raise error
        self._failures += 1
        if self._failures == 1:
            log.warning("paused_work", work=self._work, reason=str(error) or type(error).__name__)
        return jittered(self._failures, first=FIRST_PAUSE_SECONDS, cap=self._cap_seconds)

    def worked(self) -> None:
        """Note that the work was done."""
        if self._failures:
            log.info("resumed_work", work=self._work, failures=self._failures)
            self._failures = 0
