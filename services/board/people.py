"""Who a row is about: patients' texts opened at the moment a person looks, and names that other rooms keep."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

import httpx
import structlog

from shared.clock import Clock
from shared.errors import TransientError
from shared.events.values import Sealed
from shared.security.keys import PatientKeys
from shared.security.seal import SealError, open_sealed

FRESH = dt.timedelta(minutes=1)
PAUSE_AFTER_FAILURE = dt.timedelta(seconds=10)

ERASED = "(erased)"
UNREADABLE = "(cannot be opened)"
AWAY = "(opens again when booking answers)"

log = structlog.get_logger()


class Opener:
    """Opens sealed texts. Nothing it returns is kept or logged.

    Args:
        keys: where the patients' keys come from.
    """

    def __init__(self, keys: PatientKeys) -> None:
        self._keys = keys

    async def open[K](self, wanted: Mapping[K, tuple[str, Sealed]]) -> dict[K, str]:
        """Return the texts, asking for all keys at once.

        Args:
            wanted: purpose (``address``, ``patient_name``, ``notes``, ``place_label``) and sealed text, under any key.

        Returns:
            For each the text, or words in brackets that say why there is none.
        """
        try:
            keys = await self._keys.get({sealed.patient_id for _, sealed in wanted.values()})
        except TransientError:
            log.warning("left_texts_sealed", count=len(wanted))
            return dict.fromkeys(wanted, AWAY)
        return {
            name: _opened(keys.get(sealed.patient_id), purpose, sealed) for name, (purpose, sealed) in wanted.items()
        }


def _opened(key: bytes | None, purpose: str, sealed: Sealed) -> str:
    if key is None:
        return ERASED
    try:
        return open_sealed(key, sealed, purpose)
    except SealError:
        log.warning("found_unreadable_text", purpose=purpose, patient_id=str(sealed.patient_id))
        return UNREADABLE


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
