"""Who a nurse visits: patients' texts opened when she looks at her round, and names that other rooms keep."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import structlog

from shared.clock import Clock
from shared.errors import TransientError
from shared.events.booking import VisitRequested
from shared.events.ids import VisitId
from shared.events.values import Sealed
from shared.security.keys import PatientKeys
from shared.security.seal import SealError, open_sealed

FRESH = dt.timedelta(minutes=1)
PAUSE_AFTER_FAILURE = dt.timedelta(seconds=10)
UNNAMED = "Patient"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Person:
    """Who is visited, and where.

    Attributes:
        address: None when it cannot be opened; the stop's place on the map holds all the same.
        notes: what the patient asked to be known.
    """

    name: str
    address: str | None
    notes: str | None


class People:
    """Opens names, addresses and notes. Nothing it returns is kept or logged.

    Args:
        keys: where the patients' keys come from.
    """

    def __init__(self, keys: PatientKeys) -> None:
        self._keys = keys

    async def open(self, visits: Iterable[VisitRequested]) -> dict[VisitId, Person]:
        """Return who the visits are for, asking for all keys at once; an unopened text is None."""
        wanted = list(visits)
        try:
            keys = await self._keys.get({visit.patient_id for visit in wanted})
        except TransientError:
            log.warning("left_texts_sealed", count=len(wanted))
            keys = {}
        return {visit.visit_id: _person(visit, keys.get(visit.patient_id)) for visit in wanted}


def _person(visit: VisitRequested, key: bytes | None) -> Person:
    return Person(
        name=_opened(key, "patient_name", visit.patient_name) or UNNAMED,
        address=_opened(key, "address", visit.address),
        notes=_opened(key, "notes", visit.notes),
    )


def _opened(key: bytes | None, purpose: str, sealed: Sealed | None) -> str | None:
    if key is None or sealed is None:
        return None
    try:
        return open_sealed(key, sealed, purpose)
    except SealError:
        log.warning("found_unreadable_text", purpose=purpose, patient_id=str(sealed.patient_id))
        return None


class PeerNames[K]:
    """Names that another room keeps, asked for once a minute; the last answer holds while that room is away.

    Args:
        client: to that room.
        path: what to ask.
        read: how its answer becomes names by key.
        clock: tells when a minute is over.
    """

    def __init__(self, client: httpx.AsyncClient, path: str, read: Callable[[Any], dict[K, str]], clock: Clock) -> None:
        self._client = client
        self._path = path
        self._read = read
        self._clock = clock
        self._names: dict[K, str] = {}
        self._unknown: set[K] = set()
        self._again_at: dt.datetime | None = None

    async def get(self, wanted: Collection[K] = ()) -> Mapping[K, str]:
        """Return the names there are; the same object as long as nothing changed.

        Args:
            wanted: keys that should be among them; one that is new is asked for at once, but only once a minute.
        """
        now = self._clock()
        unheard = [key for key in wanted if key not in self._names and key not in self._unknown]
        if unheard or self._again_at is None or now >= self._again_at:
            await self._ask(now)
            self._unknown.update(key for key in wanted if key not in self._names)
        return self._names

    async def _ask(self, now: dt.datetime) -> None:
        self._unknown.clear()
        try:
            reply = await self._client.get(self._path)
            reply.raise_for_status()
        except httpx.HTTPError as error:
            self._again_at = now + PAUSE_AFTER_FAILURE
            log.warning("missed_names", path=self._path, reason=type(error).__name__)
            return
        self._again_at = now + FRESH
        names = self._read(reply.json())
        self._names = self._names if names == self._names else names
