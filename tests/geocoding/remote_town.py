"""A local HTTP server that speaks like Nominatim, Photon and Pelias, and knows the town of conftest.py."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from services.geocoding.domain.text import fold

LAT, LON = 39.80, -89.65


@dataclass(frozen=True, slots=True)
class Known:
    """A place that the server knows; found when the text holds each of its words."""

    words: tuple[str, ...]
    number: str
    street: str
    postcode: str
    north: float
    east: float
    interpolated: bool = False

    @property
    def lat(self) -> float:
        return round(LAT + self.north / 1000, 7)

    @property
    def lon(self) -> float:
        return round(LON + self.east / 1000, 7)


TOWN = (
    Known(("100", "main"), "100", "Main Street", "62701", 0.1, 0),
    Known(("100", "mian"), "100", "Main Street", "62701", 0.1, 0),
    Known(("102", "main"), "102", "Main Street", "62701", 0.1, 0.5, interpolated=True),
    Known(("200", "16th"), "200", "West 16th Avenue", "62703", 10.1, -4),
    Known(("200", "16th"), "200", "East 16th Avenue", "62703", 10.1, 4),
    Known(("elm",), "", "Elm Drive", "62703", 14, 2),
    Known(("7", "faraway"), "7", "Faraway Street", "62701", 500, 0),
    Known(("99", "oak"), "55", "Quite Another Street", "62702", 2.1, 0),
)


def nominatim(place: Known) -> dict[str, Any]:
    address = {
        "road": place.street,
        "city": "Springfield",
        "county": "Sangamon County",
        "state": "Illinois",
        "ISO3166-2-lvl4": "US-IL",
        "postcode": place.postcode,
        "country_code": "us",
    }
    if place.number:
        address["house_number"] = place.number
    return {
        "place_id": 1,
        "osm_type": "way",
        "lat": str(place.lat),
        "lon": str(place.lon),
        "class": "building" if place.number else "highway",
        "type": "yes" if place.number else "residential",
        "importance": 0.05,
        "display_name": f"{place.number}, {place.street}, Springfield, Illinois, {place.postcode}, United States",
        "address": address,
    }


def photon(place: Known) -> dict[str, Any]:
    properties = {
        "osm_key": "building" if place.number else "highway",
        "type": "house" if place.number else "street",
        "city": "Springfield",
        "state": "Illinois",
        "postcode": place.postcode,
        "countrycode": "US",
    }
    properties |= {"housenumber": place.number, "street": place.street} if place.number else {"name": place.street}
    return _feature(place, properties)


def pelias(place: Known) -> dict[str, Any]:
    properties = {
        "layer": "address" if place.number else "street",
        "name": f"{place.number} {place.street}".strip(),
        "street": place.street,
        "locality": "Springfield",
        "region_a": "IL",
        "postalcode": place.postcode,
        "match_type": "interpolated" if place.interpolated else "exact",
        "accuracy": "point" if place.number else "centroid",
        "confidence": 1,
        "label": f"{place.number} {place.street}, Springfield, IL, USA".strip(),
    }
    if place.number:
        properties["housenumber"] = place.number
    return _feature(place, properties)


def _feature(place: Known, properties: dict[str, Any]) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": [place.lon, place.lat]}
    return {"type": "Feature", "geometry": point, "properties": properties}


@dataclass
class RemoteTown:
    """The server's state.

    Attributes:
        requests: what was asked, in order, as (path, query, user agent).
        failure: answer with this status and body instead.
    """

    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    failure: tuple[int, str] | None = None

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/search", self._nominatim)
        app.router.add_get("/api", self._photon)
        app.router.add_get("/v1/search", self._pelias)
        return app

    async def _nominatim(self, request: web.Request) -> web.Response:
        return self._failed(request) or web.json_response([nominatim(place) for place in self._found(request, "q")])

    async def _photon(self, request: web.Request) -> web.Response:
        features = [photon(place) for place in self._found(request, "q")]
        return self._failed(request) or web.json_response({"type": "FeatureCollection", "features": features})

    async def _pelias(self, request: web.Request) -> web.Response:
        features = [pelias(place) for place in self._found(request, "text")]
        return self._failed(request) or web.json_response({"type": "FeatureCollection", "features": features})

    def _failed(self, request: web.Request) -> web.Response | None:
        self.requests.append((request.path, dict(request.query), request.headers["User-Agent"]))
        if self.failure is None:
            return None
        status, body = self.failure
        return web.Response(status=status, text=body, content_type="application/json")

    def _found(self, request: web.Request, parameter: str) -> list[Known]:
        asked = set(fold(request.query[parameter]).split())
        return [place for place in TOWN if asked.issuperset(place.words)]
