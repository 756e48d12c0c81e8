"""What every geocoder behind the port must do, whoever it is."""

from collections.abc import AsyncIterator

import pytest

from services.geocoding.domain.address import AddressQuery, Status
from services.geocoding.domain.area import AreaProfile
from services.geocoding.providers.cache import CachingGeocoder, MemoryCache
from services.geocoding.providers.chain import ChainGeocoder
from services.geocoding.providers.local import AddressIndex, LocalGeocoder
from services.geocoding.providers.port import Geocoder
from services.geocoding.providers.remote import RemoteGeocoder, RemoteService, RemoteSettings
from shared.events.geocoding import UnresolvedReason
from shared.events.values import MatchKind
from tests.geocoding.conftest import Running


@pytest.fixture(params=["local", "nominatim", "photon", "pelias", "cached", "chained"])
async def geocoder(
    request: pytest.FixtureRequest, town_index: AddressIndex, remote_town: Running, springfield: AreaProfile
) -> AsyncIterator[Geocoder]:
    local = LocalGeocoder(town_index)
    service = RemoteService(request.param) if request.param in set(RemoteService) else RemoteService.PHOTON
    settings = RemoteSettings(service=service, url=remote_town.url, user_agent="t/1", requests_per_second=1000)
    async with RemoteGeocoder(settings, springfield) as remote:
        match request.param:
            case "local":
                yield local
            case "cached":
                yield CachingGeocoder(local, MemoryCache(), secret=b"s" * 32, scope="springfield")
            case "chained":
                yield ChainGeocoder([local, remote])
            case _:
                yield remote


@pytest.mark.parametrize(
    "query",
    [
        AddressQuery("100 Main Street, Springfield, IL 62701"),
        AddressQuery("100 Main St Apt 3B, Springfield"),
        AddressQuery("100 Main Street", city="Springfield", state="IL", postcode="62701"),
    ],
)
async def test_a_known_address_is_resolved_at_its_house(geocoder: Geocoder, query: AddressQuery) -> None:
    answer = await geocoder.locate(query)

    assert answer.status is Status.RESOLVED
    assert answer.place is not None
    assert (answer.place.lat, answer.place.lon) == pytest.approx((39.8001, -89.65))
    assert (answer.place.match, answer.place.state) == (MatchKind.ADDRESS, "IL")
    assert answer.place.confidence == 1.0


async def test_a_typo_is_forgiven_and_costs_confidence(geocoder: Geocoder) -> None:
    place = (await geocoder.locate(AddressQuery("100 Mian Street, Springfield"))).place

    assert place is not None
    assert place.confidence == pytest.approx(0.9)


async def test_two_far_places_are_ambiguous_and_both_are_shown(geocoder: Geocoder) -> None:
    answer = await geocoder.locate(AddressQuery("200 16th Avenue, Springfield"))

    assert (answer.status, answer.reason) == (Status.REVIEW, UnresolvedReason.AMBIGUOUS)
    assert {round(candidate.lon, 3) for candidate in answer.candidates[:2]} == {-89.654, -89.646}


async def test_a_street_alone_goes_to_a_person(geocoder: Geocoder) -> None:
    answer = await geocoder.locate(AddressQuery("5 Elm Drive, Springfield"))

    assert (answer.status, answer.reason) == (Status.REVIEW, UnresolvedReason.LOW_CONFIDENCE)
    assert answer.candidates[0].match is MatchKind.STREET


async def test_an_unknown_address_is_not_found(geocoder: Geocoder) -> None:
    answer = await geocoder.locate(AddressQuery("5 Quetzalcoatl Boulevard, Springfield"))

    assert (answer.status, answer.reason) == (Status.REVIEW, UnresolvedReason.NOT_FOUND)


async def test_another_street_that_a_source_offers_is_not_believed(geocoder: Geocoder) -> None:
    answer = await geocoder.locate(AddressQuery("99 Oak Street, Springfield"))

    assert answer.status is Status.REVIEW


@pytest.mark.parametrize("line", ["100 Main Street, Columbus, OH 43215", "100 Main Street, Springfield, MO"])
async def test_an_address_that_claims_to_be_elsewhere_is_outside(geocoder: Geocoder, line: str) -> None:
    answer = await geocoder.locate(AddressQuery(line))

    assert (answer.status, answer.reason) == (Status.OUTSIDE, UnresolvedReason.OUTSIDE)


async def test_a_line_that_cannot_be_read_goes_to_a_person(geocoder: Geocoder) -> None:
    answer = await geocoder.locate(AddressQuery(" , "))

    assert (answer.status, answer.reason) == (Status.REVIEW, UnresolvedReason.UNREADABLE)
