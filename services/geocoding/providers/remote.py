"""Remote geocoders through geopy: Nominatim, Photon or Pelias on a configured host."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

from geopy.adapters import AioHTTPAdapter
from geopy.exc import GeopyError
from geopy.extra.rate_limiter import AsyncRateLimiter
from geopy.geocoders import Nominatim, Pelias, Photon
from geopy.geocoders.base import Geocoder as GeopyGeocoder
from geopy.location import Location

from services.geocoding.domain.address import AddressQuery, Answer, Candidate, ParsedAddress
from services.geocoding.domain.area import AreaProfile, Gate, gate
from services.geocoding.domain.decide import OUTSIDE, UNREADABLE, decide
from services.geocoding.domain.geometry import contains
from services.geocoding.domain.house_number import house_number
from services.geocoding.domain.judge import Finding, judge
from services.geocoding.domain.parse import readings
from services.geocoding.domain.score import HOPELESS, street_price
from services.geocoding.domain.street_name import street_name
from services.geocoding.domain.unit import take_units
from services.geocoding.providers.formats import RemotePlace, from_nominatim, from_pelias, from_photon
from services.geocoding.providers.port import ProviderUnavailableError
from shared.errors import ConfigurationError
from shared.events.values import MatchKind

_MOST_RESULTS = 5


class RemoteService(StrEnum):
    """The services that can be asked."""

    NOMINATIM = "nominatim"
    PHOTON = "photon"
    PELIAS = "pelias"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """How to reach a remote geocoder.

    Attributes:
        url: scheme and host, with port and path where there are any (``https://nominatim.example.org``).
        user_agent: names the operator to the service; the public ones refuse the anonymous.
        requests_per_second: never exceeded; the public Nominatim allows one.
        timeout_seconds: for one request.
        api_key: Pelias only.
    """

    service: RemoteService
    url: str
    user_agent: str
    requests_per_second: float = 1.0
    timeout_seconds: float = 10.0
    api_key: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            message = f"The {self.service} geocoder's url {self.url!r} needs scheme and host, such as https://{self.service}.example.org."
            raise ConfigurationError(message)
        if not self.user_agent.strip():
            message = (
                f"The {self.service} geocoder needs a user agent that names you, "
                'such as "acme-dispatch/1.0 (ops@acme.example)". Set it beside the url.'
            )
            raise ConfigurationError(message)
        if self.requests_per_second <= 0:
            message = f"The {self.service} geocoder's requests per second must be more than 0."
            raise ConfigurationError(message)


class RemoteGeocoder:
    """A remote geocoder behind the port.

    Its own opinion of its answers is not taken: each is judged against the question like a local find, with the same
    match kinds and confidence, and must lie in the area's box. An address that claims to lie elsewhere is not sent.

    Use it as an async context manager, or call ``close``.
    """

    def __init__(self, settings: RemoteSettings, area: AreaProfile) -> None:
        self._service = settings.service
        self._host = urlsplit(settings.url).netloc
        self._area = area
        self._geopy, search, self._read = _geopy_of(settings, area)
        delay = 1.0 / settings.requests_per_second
        # No retries here: geopy logs the arguments, an address, when it retries. The caller retries a TransientError.
        self._search: Callable[[str], Awaitable[Sequence[Location] | None]] = AsyncRateLimiter(
            search, min_delay_seconds=delay, max_retries=0, error_wait_seconds=delay, swallow_exceptions=False
        )
        # geopy writes request URLs and answers, which hold addresses, to its log below this level.
        logging.getLogger("geopy").setLevel(logging.WARNING)

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._geopy.__aexit__(None, None, None)

    async def locate(self, query: AddressQuery) -> Answer:
        """Return where an address lies, or why nobody can say without looking.

        Raises:
            ProviderUnavailableError: the service is away, overloaded, refuses, or answers nonsense.
        """
        verdicts = [(reading, gate(self._area, reading)) for reading in readings(query, self._area)]
        asked = [reading for reading, verdict in verdicts if verdict is not Gate.SHUT]
        if not asked:
            return OUTSIDE if verdicts else UNREADABLE
        if not any(reading.street.text for reading in asked):
            return UNREADABLE
        found = await self._places(query)
        inside = [place for place in found if contains(self._area.bbox, place.lat, place.lon)]
        if found and not inside:
            return OUTSIDE
        candidates = [candidate for place in inside if (candidate := self._candidate(asked, place))]
        return decide(
            candidates,
            doubtful=any(verdict is Gate.DOUBTFUL for _, verdict in verdicts),
            named=asked[0].names_a_place,
        )

    async def _places(self, query: AddressQuery) -> list[RemotePlace]:
        _, line = take_units(query.line)
        text = AddressQuery(line.strip(" ,"), city=query.city, state=query.state, postcode=query.postcode).one_line()
        try:
            locations = await self._search(text) or []
            return [self._read(location.raw) for location in locations]
        except (GeopyError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            message = (
                f"The {self._service} geocoder at {self._host} gives no usable answer ({type(error).__name__}). "
                "Check that it is up, that the url is right, and that it accepts this user agent."
            )
            # The cause may quote the request, which holds the address.
            raise ProviderUnavailableError(message) from None

    def _candidate(self, asked: Sequence[ParsedAddress], place: RemotePlace) -> Candidate | None:
        """Return the place under the reading it fits best; None when its street fits none of them."""
        name = street_name(place.street)
        priced = [(street_price(reading.street, name), reading) for reading in asked]
        price, reading = min(priced, key=lambda pair: pair[0])
        if price >= HOPELESS:
            return None
        finding = Finding(
            lat=place.lat,
            lon=place.lon,
            match=self._match(reading, place),
            label=place.label,
            city=place.city,
            postcode=place.postcode,
            state=place.state,
        )
        return judge(reading, finding, self._area, street_price=price, provider=self._service)

    def _match(self, asked: ParsedAddress, place: RemotePlace) -> MatchKind:
        number = house_number(place.number)
        if number is None or asked.number is None:
            return MatchKind.STREET
        accepted = {reading.key for reading in asked.number.readings(hyphenated=self._area.hyphenated)}
        if number.key not in accepted:
            return MatchKind.STREET
        return MatchKind.INTERPOLATED if place.interpolated else MatchKind.ADDRESS


type _Search = Callable[[str], Awaitable[Sequence[Location] | None]]
type _Reader = Callable[[Mapping[str, Any]], RemotePlace]


def _geopy_of(settings: RemoteSettings, area: AreaProfile) -> tuple[GeopyGeocoder, _Search, _Reader]:
    """Return geopy's geocoder, the search that prefers the area, and the reader of its answers."""
    parts = urlsplit(settings.url)
    common = {
        "scheme": parts.scheme,
        "domain": f"{parts.netloc}{parts.path}",
        "user_agent": settings.user_agent,
        "timeout": settings.timeout_seconds,
        "adapter_factory": AioHTTPAdapter,
    }
    west, south, east, north = area.bbox
    match settings.service:
        case RemoteService.NOMINATIM:
            nominatim = Nominatim(**common)
            near = {"viewbox": [(south, west), (north, east)], "limit": _MOST_RESULTS, "addressdetails": True}
            return nominatim, partial(nominatim.geocode, exactly_one=False, **near), from_nominatim
        case RemoteService.PHOTON:
            photon = Photon(**common)
            near = {"location_bias": ((south + north) / 2, (west + east) / 2), "limit": _MOST_RESULTS}
            return photon, partial(photon.geocode, exactly_one=False, **near), from_photon
        case RemoteService.PELIAS:
            pelias = Pelias(**common, api_key=settings.api_key)
            return pelias, partial(pelias.geocode, exactly_one=False), from_pelias
