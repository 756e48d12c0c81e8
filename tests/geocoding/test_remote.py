import logging
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from services.geocoding.domain.address import AddressQuery, Status
from services.geocoding.domain.area import AreaProfile
from services.geocoding.providers.port import ProviderUnavailableError
from services.geocoding.providers.remote import RemoteGeocoder, RemoteService, RemoteSettings
from shared.errors import ConfigurationError, TransientError
from shared.events.values import MatchKind
from tests.geocoding.conftest import Running

MAIN = AddressQuery("100 Main Street, Springfield, IL 62701")


async def test_a_find_beyond_the_areas_box_is_outside(remote: RemoteGeocoder) -> None:
    assert (await remote.locate(AddressQuery("7 Faraway Street, Springfield"))).status is Status.OUTSIDE


async def test_an_address_that_claims_to_be_elsewhere_is_not_sent(remote: RemoteGeocoder, remote_town: Running) -> None:
    await remote.locate(AddressQuery("100 Main Street, Columbus, OH"))

    assert remote_town.town.requests == []


async def test_the_service_is_told_who_asks_and_not_which_apartment(
    remote: RemoteGeocoder, remote_town: Running
) -> None:
    await remote.locate(AddressQuery("100 Main Street Apt 3B", city="Springfield", state="IL", postcode="62701"))

    ((_, query, agent),) = remote_town.town.requests
    assert agent == "rounds-test/1.0"
    assert "100 Main Street, Springfield, IL 62701" in query.values()


async def test_an_interpolated_answer_of_pelias_is_one(remote_town: Running, springfield: AreaProfile) -> None:
    settings = RemoteSettings(service=RemoteService.PELIAS, url=remote_town.url, user_agent="t/1")
    async with RemoteGeocoder(settings, springfield) as pelias:
        place = (await pelias.locate(AddressQuery("102 Main Street, Springfield"))).place

    assert place is not None
    assert (place.match, place.provider) == (MatchKind.INTERPOLATED, "pelias")


@pytest.mark.parametrize(
    "failure",
    [
        (500, "down"),
        (429, "slow down"),
        (403, "who are you"),
        (200, "no json"),
        (200, '{"unexpected": 1}'),
        (200, '[{"lat": "1"}]'),
    ],
)
async def test_a_failing_service_is_unavailable_and_the_address_stays_unsaid(
    remote: RemoteGeocoder, remote_town: Running, failure: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    remote_town.town.failure = failure

    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(ProviderUnavailableError, match="gives no usable answer") as told,
    ):
        await remote.locate(MAIN)

    assert isinstance(told.value, TransientError)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__
    said = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert not any("Main" in line for line in (*said, str(told.value)))


async def test_a_service_that_is_not_there_is_unavailable(springfield: AreaProfile, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    settings = RemoteSettings(service=RemoteService.NOMINATIM, url=url, user_agent="t/1")
    async with RemoteGeocoder(settings, springfield) as nowhere:
        with pytest.raises(ProviderUnavailableError, match=f"127.0.0.1:{unused_tcp_port}"):
            await nowhere.locate(MAIN)


async def test_the_rate_is_kept(remote_town: Running, springfield: AreaProfile) -> None:
    settings = RemoteSettings(
        service=RemoteService.PHOTON, url=remote_town.url, user_agent="t/1", requests_per_second=20
    )
    async with RemoteGeocoder(settings, springfield) as photon:
        start = monotonic()
        for _ in range(4):
            await photon.locate(MAIN)

    assert monotonic() - start >= 3 / 20


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"user_agent": " "}, "needs a user agent that names you"),
        ({"url": "nominatim.example.org"}, "needs scheme and host"),
        ({"url": ""}, "needs scheme and host"),
        ({"requests_per_second": 0}, "must be more than 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(change: dict[str, Any], sentence: str) -> None:
    good = RemoteSettings(service=RemoteService.PHOTON, url="https://photon.example.org", user_agent="t/1")

    with pytest.raises(ConfigurationError, match=sentence):
        replace(good, **change)
