"""A town of a few streets, written by hand, and its index."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from aiohttp.test_utils import TestServer

from services.geocoding.domain.area import AreaProfile
from services.geocoding.index.build import build_address_index
from services.geocoding.providers.local import AddressIndex
from services.geocoding.providers.remote import RemoteGeocoder, RemoteService, RemoteSettings
from tests.geocoding.remote_town import RemoteTown

type Tags = dict[str, str]
type Thing = tuple[list[tuple[float, float]], Tags]
"""A node (one point) or a way (several) with its tags; points as (lat, lon)."""

LAT, LON = 39.80, -89.65
"""Springfield, Illinois: its ZIPs are real, its streets here are not."""


@pytest.fixture(scope="session")
def write_extract() -> Callable[[Path, list[Thing]], Path]:
    """Write things as an OSM XML file."""

    def write(path: Path, things: list[Thing]) -> Path:
        nodes: list[str] = []
        ways: list[str] = []
        for points, tags in things:
            tagged = "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())
            first = len(nodes) + 1
            for lat, lon in points:
                own = tagged if len(points) == 1 else ""
                nodes.append(f'<node id="{len(nodes) + 1}" version="1" lat="{lat}" lon="{lon}">{own}</node>')
            if len(points) > 1:
                refs = "".join(f'<nd ref="{first + at}"/>' for at in range(len(points)))
                ways.append(f'<way id="{len(ways) + 1}" version="1">{refs}{tagged}</way>')
        path.write_text(f'<osm version="0.6">{"".join(nodes)}{"".join(ways)}</osm>', encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def house() -> Callable[..., Thing]:
    """Make a house at an offset in thousandths of a degree (about 111 m north, 85 m east)."""

    def make(number: str, street: str, north: float, east: float, **tags: str) -> Thing:
        address = {"addr:housenumber": number, "addr:street": street}
        return [(LAT + north / 1000, LON + east / 1000)], address | {f"addr:{key}": tags[key] for key in tags}

    return make


@pytest.fixture(scope="session")
def road() -> Callable[..., Thing]:
    """Make a named street between offsets in thousandths of a degree."""

    def make(name: str, *offsets: tuple[float, float]) -> Thing:
        points = [(LAT + north / 1000, LON + east / 1000) for north, east in offsets]
        return points, {"highway": "residential", "name": name}

    return make


@pytest.fixture(scope="session")
def town(house: Callable[..., Thing], road: Callable[..., Thing]) -> list[Thing]:
    """The things of the town."""
    return [
        ([(LAT, LON)], {"place": "city", "name": "Springfield"}),
        ([(LAT + 0.01, LON)], {"place": "suburb", "name": "Enos Park"}),
        road("Main Street", (0, 0), (0, 5), (0, 10)),
        house("100", "Main Street", 0.1, 0, postcode="62701", city="Springfield", state="IL"),
        house("104", "Main Street", 0.1, 1, postcode="62701", city="Springfield", state="IL"),
        house("110", "Main Street", 0.1, 4),
        house("101", "Main Street", -0.1, 0, postcode="62701"),
        house("600", "Main Street", 0.1, 10, postcode="62701"),
        road("Oak Street", (2, 0), (2, 8)),
        house("10", "Oak Street", 2.1, 0, postcode="62702"),
        house("12A;14", "Oak Street", 2.1, 1, postcode="62702"),
        road("West 16th Avenue", (10, -9), (10, 0)),
        road("East 16th Avenue", (10, 0), (10, 9)),
        house("200", "West 16th Avenue", 10.1, -4, postcode="62703"),
        house("200", "East 16th Avenue", 10.1, 4, postcode="62703"),
        house("305", "East 16th Avenue", 10.1, 6, postcode="62703"),
        house("220", "West 16th Avenue", 10.1, -5, postcode="62703"),
        house("210", "East 16th Avenue", 10.1, 4.5, postcode="62703"),
        road("Elm Drive", (14, 0), (14, 5)),
        road("Clark Drive", (16, 0), (16, 5)),
        house("37", "Clark Drive", 16.1, 2, postcode="62703"),
        road("Saint Johns Road", (18, 0), (18, 5)),
        house("1 1/2", "Saint Johns Road", 18.1, 2, postcode="62703"),
    ]


@pytest.fixture(scope="session")
def town_index_file(
    tmp_path_factory: pytest.TempPathFactory, write_extract: Callable[[Path, list[Thing]], Path], town: list[Thing]
) -> Path:
    """The town's index on disk."""
    folder = tmp_path_factory.mktemp("town")
    target = folder / "addresses.sqlite"
    build_address_index(write_extract(folder / "town.osm", town), target, lambda _step, _share: None)
    return target


@pytest.fixture(scope="session")
def town_index(town_index_file: Path) -> Iterator[AddressIndex]:
    """The town's index, open."""
    index = AddressIndex.open(town_index_file)
    yield index
    index.close()


@pytest.fixture(scope="session")
def springfield() -> AreaProfile:
    """The gate's view of a town like the one above."""
    return AreaProfile(
        bbox=(LON - 0.01, LAT - 0.01, LON + 0.02, LAT + 0.02),
        states=("IL",),
        cities=("Springfield", "Leland Grove"),
        districts=("Enos Park", "Sangamon"),
        postcodes=("62701", "62702", "62703"),
    )


@pytest.fixture(scope="session")
def queens() -> AreaProfile:
    """The gate's view of an area with hyphenated house numbers."""
    return AreaProfile(
        bbox=(-73.77, 40.69, -73.71, 40.74),
        states=("NY",),
        cities=("Queens Village", "Hollis"),
        postcodes=("11427",),
        hyphenated=True,
    )


@pytest.fixture(scope="session")
def maps() -> Path:
    """The folder of real extracts beside the project."""
    folder = Path(__file__).parents[3] / "shared" / "maps"
    if not folder.is_dir():
        pytest.skip("the real extracts are not beside the project")
    return folder


@dataclass(frozen=True, slots=True)
class Running:
    """A running server: its state and where it listens."""

    town: RemoteTown
    url: str


@pytest.fixture
async def remote_town() -> AsyncIterator[Running]:
    """A local server that speaks the formats of the remote geocoders."""
    town = RemoteTown()
    async with TestServer(town.application(), host="127.0.0.1") as server:
        yield Running(town, str(server.make_url("")).rstrip("/"))


@pytest.fixture(params=list(RemoteService))
async def remote(
    request: pytest.FixtureRequest, remote_town: Running, springfield: AreaProfile
) -> AsyncIterator[RemoteGeocoder]:
    """Each remote geocoder in turn."""
    settings = RemoteSettings(
        service=request.param, url=remote_town.url, user_agent="rounds-test/1.0", requests_per_second=1000
    )
    async with RemoteGeocoder(settings, springfield) as geocoder:
        yield geocoder
