"""The job that locates queued addresses: keys in one call, answers, then one transaction with what is said of them."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from services.geocoding.deps import GeocodingState
from services.geocoding.domain.address import AddressQuery, Answer, Candidate, Status
from services.geocoding.domain.decide import UNREADABLE
from services.geocoding.store import queries
from services.geocoding.store.models import PlaceRow, PlaceStatus, outbox
from shared.bus.waiting import wait_any
from shared.db.patience import Patience
from shared.events.geocoding import PlaceCandidate, PlaceResolved, PlaceUnresolved
from shared.events.ids import AreaId, PatientId, VisitId
from shared.events.values import Cause, GeoPoint, Sealed
from shared.observability.metrics import Stage, reached
from shared.observability.tracing import present_cause, span
from shared.security.seal import SealError, open_sealed, seal

IDLE_SECONDS = 1.0
LABEL = "place_label"

log = structlog.get_logger()


class Locating:
    """Locates what is queued, for as long as the room runs.

    Args:
        state: the room's parts.
    """

    def __init__(self, state: GeocodingState) -> None:
        self._state = state

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; what is not located by then stays queued."""
        commits = self._state.db.commits()
        patience = Patience("locating", self._state.settings.retry_cap_seconds)
        while not stop.is_set():
            commits.clear()
            try:
                located = await self._batch()
            except Exception as error:  # noqa: BLE001 - what does not pass by itself is raised again
                await wait_any(patience.pause_after(error), stop)
                continue
            patience.worked()
            if not located:
                await wait_any(IDLE_SECONDS, stop, commits)

    async def _batch(self) -> int:
        """Locate the next few; return how many there were."""
        async with self._state.db.reading() as session:
            rows = await queries.pending(session, self._state.settings.batch, list(self._state.areas()))
        if not rows:
            return 0
        sealed = [Sealed.model_validate(row.address) for row in rows]
        keys = await self._state.keys.get(one.patient_id for one in sealed)
        answers = [await self._traced(row, one, keys) for row, one in zip(rows, sealed, strict=True)]
        async with self._state.db.transaction() as session:
            for row, one, (answer, cause) in zip(rows, sealed, answers, strict=True):
                row.cause = cause
                await self._settle(session, row, answer, one.patient_id, keys)
        return len(rows)

    async def _traced(self, row: PlaceRow, address: Sealed, keys: dict[PatientId, bytes]) -> tuple[Answer, Cause]:
        """Locate within the booking's trace; what is said of it follows from there."""
        with span("geocoding locates address", row.cause, rounds_room="geocoding"):
            return await self._locate(row, address, keys), present_cause()

    async def _locate(self, row: PlaceRow, address: Sealed, keys: dict[PatientId, bytes]) -> Answer:
        key = keys.get(address.patient_id)
        if key is None:
            return UNREADABLE  # the patient was erased
        try:
            line = open_sealed(key, address, "address")
        except SealError as error:
            log.warning("could_not_open_address", visit_id=str(row.visit_id), reason=str(error))
            return UNREADABLE
        try:
            return await self._state.geocoder(AreaId(row.area_id)).locate(AddressQuery(line))
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            # One address that the reading of addresses fails on must not keep all others from being found.
            log.error("failed_to_read_address", visit_id=str(row.visit_id), kind=type(error).__name__)  # noqa: TRY400 - a traceback may quote the address
            return UNREADABLE

    async def _settle(
        self,
        session: AsyncSession,
        seen: PlaceRow,
        answer: Answer,
        patient_id: PatientId,
        keys: dict[PatientId, bytes],
    ) -> None:
        row = await queries.place(session, VisitId(seen.visit_id))
        if row is None or row.status != PlaceStatus.PENDING or row.address_version != seen.address_version:
            return  # cancelled, or the address changed meanwhile: the newer one is queued
        key = keys.get(patient_id)
        row.cause = seen.cause
        candidates = () if key is None else [_sealed(candidate, patient_id, key) for candidate in answer.candidates]
        if answer.place is None:
            await unresolved(session, row, answer, candidates)
        else:
            await resolved(session, row, answer.place)
            if row.version == 1:  # what a dispatcher settles takes as long as people take
                reached(Stage.LOCATED, row.cause, self._state.clock())


def _sealed(candidate: Candidate, patient_id: PatientId, key: bytes) -> PlaceCandidate:
    return PlaceCandidate(
        point=GeoPoint(lat=candidate.lat, lon=candidate.lon),
        match=candidate.match,
        confidence=candidate.confidence,
        label=seal(key, patient_id, LABEL, candidate.label),
        state=candidate.state,
    )


async def resolved(session: AsyncSession, row: PlaceRow, place: Candidate) -> None:
    """Settle a place and say so."""
    row.version += 1
    row.status, row.reason, row.candidates = PlaceStatus.RESOLVED, None, []
    row.lat, row.lon, row.match, row.confidence = place.lat, place.lon, place.match, place.confidence
    row.state, row.provider = place.state, place.provider
    event = PlaceResolved(
        aggregate_version=row.version,
        visit_id=VisitId(row.visit_id),
        area_id=AreaId(row.area_id),
        address_version=row.address_version,
        point=GeoPoint(lat=place.lat, lon=place.lon),
        match=place.match,
        confidence=place.confidence,
        state=place.state,
        provider=place.provider,
    )
    await outbox.add(session, event, cause_of=lambda _: row.cause)


async def unresolved(
    session: AsyncSession, row: PlaceRow, answer: Answer, candidates: Sequence[PlaceCandidate]
) -> None:
    """Put an address up for review and say so."""
    assert answer.reason is not None and answer.status is not Status.RESOLVED  # noqa: S101, PT018 - what Answer holds
    row.version += 1
    row.status, row.reason = PlaceStatus.REVIEW, answer.reason
    row.candidates = [candidate.model_dump(mode="json") for candidate in candidates]
    event = PlaceUnresolved(
        aggregate_version=row.version,
        visit_id=VisitId(row.visit_id),
        area_id=AreaId(row.area_id),
        address_version=row.address_version,
        reason=answer.reason,
        candidates=tuple(candidates),
    )
    await outbox.add(session, event, cause_of=lambda _: row.cause)
