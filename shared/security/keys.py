"""Fetching patients' keys from the booking room, the only home of keys. Cached for minutes, on record there."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import httpx

from shared.clock import Clock
from shared.errors import TransientError
from shared.events.ids import PatientId

PATH = "/internal/patient-keys"
CACHE_TIME = timedelta(minutes=5)


class PatientKeys(Protocol):
    """Where a room gets the keys that open sealed fields."""

    async def get(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, bytes]:
        """Return the keys there are; an erased patient's is missing.

        Raises:
            TransientError: the booking room does not answer.
        """
        ...


class PeerKeys:
    """Asks the booking room over HTTP.

    Args:
        client: carries the booking room's base address and this room's service token.
        purpose: why the keys are wanted, as a word (``board.look``); stands in the booking room's record.
    """

    def __init__(self, client: httpx.AsyncClient, purpose: str, clock: Clock) -> None:
        self._client = client
        self._purpose = purpose
        self._clock = clock
        self._cache: dict[PatientId, tuple[datetime, bytes]] = {}

    async def get(self, patient_ids: Iterable[PatientId]) -> dict[PatientId, bytes]:
        """See the port."""
        now = self._clock()
        self._cache = {patient: kept for patient, kept in self._cache.items() if now - kept[0] < CACHE_TIME}
        wanted = list(dict.fromkeys(patient_ids))
        missing = [patient for patient in wanted if patient not in self._cache]
        if missing:
            for patient, key in (await self._fetch(missing)).items():
                self._cache[patient] = (now, key)
        return {patient: self._cache[patient][1] for patient in wanted if patient in self._cache}

    async def _fetch(self, patient_ids: list[PatientId]) -> dict[PatientId, bytes]:
        request = {"patient_ids": [str(patient) for patient in patient_ids], "purpose": self._purpose}
        try:
            reply = await self._client.post(PATH, json=request)
            reply.raise_for_status()
        except httpx.HTTPError as error:
            what = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
            message = f"The booking room did not hand out patient keys ({what}); it is asked again."
            raise TransientError(message) from error
        return {PatientId(UUID(patient)): bytes.fromhex(key) for patient, key in reply.json()["keys"].items()}
