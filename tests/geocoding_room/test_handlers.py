"""What the room hears: addresses are queued once, the newest one counts, and a cancelled visit's is forgotten."""

import datetime as dt
import itertools

import pytest

from services.geocoding.store.models import PlaceStatus
from tests.geocoding_room.office import BORDER, FOUND, NOW, Office


async def test_an_address_is_queued_sealed_as_it_came(office: Office) -> None:
    event = office.requested(1, "12 Main St")
    await office.hear(event)
    place = await office.place(1)
    assert (place.status, place.queued_at, place.area_id) == (PlaceStatus.PENDING, NOW, "maple")
    assert place.address == event.address.model_dump(mode="json")
    assert await office.said() == []


async def test_the_same_visit_again_changes_nothing(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    await office.locate()
    await office.hear(office.requested(1, "12 Main St"))
    assert (await office.place(1)).status == PlaceStatus.RESOLVED
    assert len(await office.said()) == 1


async def test_a_change_that_keeps_the_address_keeps_its_place(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    await office.locate()
    await office.hear(office.changed(1, "12 Main St", version=2))
    place = await office.place(1)
    assert (place.status, place.visit_version) == (PlaceStatus.RESOLVED, 2)
    assert await office.locate() == 0


async def test_a_new_address_is_queued_anew_and_its_old_place_forgotten(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    await office.locate()
    office.now = NOW + dt.timedelta(hours=1)
    await office.hear(office.changed(1, "7 Elm Ave", version=2, address_version=2))
    place = await office.place(1)
    assert (place.status, place.address_version, place.lat, place.match) == (PlaceStatus.PENDING, 2, None, None)
    assert place.queued_at == office.now


async def test_a_visit_that_moves_to_another_area_is_looked_for_there(office: Office) -> None:
    office.geocoder.answers["12 Main St"] = FOUND
    await office.hear(office.requested(1, "12 Main St"))
    await office.locate()
    await office.hear(office.changed(1, "12 Main St", version=2, area_id=BORDER))
    place = await office.place(1)
    assert (place.status, place.area_id) == (PlaceStatus.PENDING, "border")


async def test_a_cancelled_visits_address_is_forgotten_and_never_looked_for(office: Office) -> None:
    await office.hear(office.requested(1, "12 Main St"), office.cancelled(1))
    place = await office.place(1)
    assert (place.status, place.address) == (PlaceStatus.CANCELLED, None)
    assert await office.locate() == 0
    assert office.geocoder.asked == []


async def test_a_cancelled_visit_leaves_the_review_queue(office: Office) -> None:
    await office.hear(office.requested(1, "Nowhere Lane"))
    await office.locate()
    assert len((await office.review())["items"]) == 1
    await office.hear(office.cancelled(1))
    assert (await office.review())["items"] == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_the_newest_version_counts_in_whatever_order_versions_come(
    office: Office, order: tuple[int, ...]
) -> None:
    events = [
        office.requested(1, "12 Main St"),
        office.changed(1, "7 Elm Ave", version=2, address_version=2),
        office.changed(1, "9 Oak Ave", version=3, address_version=3),
    ]
    await office.hear(*(events[number] for number in order))
    await office.locate()
    place = await office.place(1)
    assert (place.visit_version, place.address_version) == (3, 3)
    assert office.geocoder.asked == ["9 Oak Ave"]


async def test_a_cancellation_that_comes_first_is_not_undone_by_an_older_request(office: Office) -> None:
    await office.hear(office.cancelled(1, version=2), office.requested(1, "12 Main St"))
    place = await office.place(1)
    assert (place.status, place.address) == (PlaceStatus.CANCELLED, None)
