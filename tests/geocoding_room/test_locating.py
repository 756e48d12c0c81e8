"""The job that locates: in batches, through absences of others, and never an answer to an address that has changed."""

import asyncio

import pytest
from structlog.testing import capture_logs

from services.geocoding.locating import Locating
from services.geocoding.store.models import PlaceStatus
from shared.errors import TransientError
from shared.events.geocoding import PlaceResolved, PlaceUnresolved, UnresolvedReason
from shared.events.ids import AreaId
from shared.events.values import GeoPoint, MatchKind
from shared.security.seal import open_sealed, seal
from tests.geocoding_room.office import EITHER, FOUND, PATIENT, STRANGER, Office, until, visit


async def test_a_found_address_is_said_as_a_place(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    assert await office.locate() == 1
    (said,) = await office.said()
    assert said == PlaceResolved(
        aggregate_version=1,
        visit_id=visit(1),
        area_id=AreaId("maple"),
        address_version=1,
        point=GeoPoint(lat=40.1, lon=-82.5),
        match=MatchKind.ADDRESS,
        confidence=0.99,
        state="OH",
        provider="local",
    )
    assert (await office.place(1)).status == PlaceStatus.RESOLVED


async def test_an_unclear_address_is_said_with_candidates_that_only_the_patients_key_opens(office: Office) -> None:
    office.geocoder.answers["12 Main"] = EITHER
    await office.hear(office.requested(1, "12 Main"))
    await office.locate()
    (said,) = await office.said()
    assert isinstance(said, PlaceUnresolved)
    assert said.reason is UnresolvedReason.AMBIGUOUS
    labels = [open_sealed(office.keys.keys[PATIENT], one.label, "place_label") for one in said.candidates]
    assert labels == ["12 Main Street, Maple Falls, OH 43001", "12 East Main Street, Maple Falls, OH 43001"]
    assert "Main" not in said.model_dump_json()


async def test_a_batch_takes_the_longest_waiting_and_asks_for_its_keys_at_once(office: Office) -> None:
    for number in range(1, 6):
        await office.hear(office.requested(number, f"{number} Main St", patient=STRANGER if number == 2 else PATIENT))
    assert [await office.locate() for _ in range(3)] == [3, 2, 0]
    assert office.geocoder.asked == [f"{number} Main St" for number in range(1, 6)]
    assert office.keys.calls == [[PATIENT, STRANGER, PATIENT], [PATIENT, PATIENT]]


async def test_the_address_of_an_erased_patient_is_unreadable(office: Office) -> None:
    await office.hear(office.requested(1, "12 Main St"), office.requested(2, "7 Elm Ave", patient=STRANGER))
    del office.keys.keys[PATIENT]
    await office.locate()
    first, second = await office.said()
    assert isinstance(first, PlaceUnresolved)
    assert (first.reason, first.candidates) == (UnresolvedReason.UNREADABLE, ())
    assert isinstance(second, PlaceUnresolved)
    assert (second.reason, office.geocoder.asked) == (UnresolvedReason.NOT_FOUND, ["7 Elm Ave"])


async def test_an_address_that_does_not_open_is_unreadable_and_holds_up_no_other(office: Office) -> None:
    pasted = seal(office.keys.keys[PATIENT], PATIENT, "notes", "12 Main St")
    await office.hear(office.requested(1, "", address=pasted), office.requested(2, "7 Elm Ave"))
    with capture_logs() as logs:
        await office.locate()
    reasons = [said.reason for said in await office.said() if isinstance(said, PlaceUnresolved)]
    assert reasons == [UnresolvedReason.UNREADABLE, UnresolvedReason.NOT_FOUND]
    assert [entry["event"] for entry in logs] == ["could_not_open_address"]


@pytest.mark.parametrize("missing", ["keys", "geocoder"])
async def test_while_keys_or_geocoder_are_away_addresses_wait_and_then_go_on(office: Office, missing: str) -> None:
    source = office.keys if missing == "keys" else office.geocoder
    source.away = True
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    calls: list[object] = office.keys.calls  # type: ignore[assignment]
    stop = asyncio.Event()
    with capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            group.create_task(Locating(office.state).run(stop))

            async def asked_thrice() -> bool:
                return len(calls) >= 3

            await until(asked_thrice)
            assert await office.said() == []
            source.away = False

            async def located() -> bool:
                return (await office.place(1)).status == PlaceStatus.RESOLVED

            await until(located)
            stop.set()
    assert [entry["event"] for entry in logs] == ["paused_work", "resumed_work"]
    assert len(await office.said()) == 1


async def test_a_database_that_is_away_is_waited_for(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    transaction, failures = office.state.db.transaction, iter([TimeoutError()])

    def failing_once() -> object:
        for failure in failures:
            raise failure
        return transaction()

    monkeypatch.setattr(office.state.db, "transaction", failing_once)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Locating(office.state).run(stop))

        async def located() -> bool:
            return (await office.place(1)).status == PlaceStatus.RESOLVED

        await until(located)
        stop.set()


async def test_an_answer_to_an_address_that_changed_meanwhile_is_dropped(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))

    async def change() -> None:
        office.geocoder.meanwhile = None
        await office.hear(office.changed(1, "7 Elm Ave", version=2, address_version=2))

    office.geocoder.meanwhile = change
    await office.locate()
    assert ((await office.place(1)).status, await office.said()) == (PlaceStatus.PENDING, [])
    await office.locate()
    (said,) = await office.said()
    assert isinstance(said, PlaceUnresolved)
    assert said.address_version == 2


async def test_a_visit_cancelled_meanwhile_gets_no_place(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))

    async def cancel() -> None:
        await office.hear(office.cancelled(1))

    office.geocoder.meanwhile = cancel
    await office.locate()
    assert ((await office.place(1)).status, await office.said()) == (PlaceStatus.CANCELLED, [])


async def test_versions_count_what_was_said_of_a_visit(office: Office) -> None:
    await office.hear(office.requested(1, "12 Main St"))
    await office.locate()
    office.geocoder.answers["7 Elm Ave"] = FOUND
    await office.hear(office.changed(1, "7 Elm Ave", version=5, address_version=2))
    await office.locate()
    assert [event.aggregate_version for event in await office.said()] == [1, 2]


async def test_the_addresses_of_an_area_that_is_not_built_wait_for_it(office: Office) -> None:
    maple = office.areas.pop(AreaId("maple"))
    await office.hear(office.requested(1, "12 Main St"))
    assert await office.locate() == 0
    office.areas[maple.id] = maple
    assert await office.locate() == 1


async def test_a_provider_that_is_away_is_a_passing_failure_of_the_batch(office: Office) -> None:
    office.geocoder.away = True
    await office.hear(office.requested(1, "12 Main St"))
    with pytest.raises(TransientError, match="away"):
        await office.locate()
    assert (await office.place(1)).status == PlaceStatus.PENDING
