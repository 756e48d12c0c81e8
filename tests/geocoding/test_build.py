import resource
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.geocoding.domain.address import AddressQuery
from services.geocoding.index.build import build_address_index
from services.geocoding.index.extract import ExtractError
from services.geocoding.providers.local import AddressIndex
from shared.errors import ConfigurationError
from tests.geocoding.conftest import Thing

type WriteExtract = Callable[[Path, list[Thing]], Path]
type Make = Callable[..., Thing]


def quietly(_step: str, _share: float) -> None:
    pass


def test_the_summary_counts_what_was_built(tmp_path: Path, write_extract: WriteExtract, town: list[Thing]) -> None:
    extract = write_extract(tmp_path / "town.osm", town)

    summary = build_address_index(extract, tmp_path / "index.sqlite", quietly)

    assert (summary.addresses, summary.streets) == (15, 7)
    assert summary.states == ("IL",)
    assert {"62701", "62702", "62703"} <= set(summary.postcodes)
    assert "Springfield" in summary.cities
    west, south, east, north = summary.bbox
    assert (west, south, east, north) == pytest.approx((-89.659, 39.7999, -89.64, 39.8181))


def test_progress_goes_through_every_step_to_its_end(
    tmp_path: Path, write_extract: WriteExtract, town: list[Thing]
) -> None:
    seen: dict[str, list[float]] = {}

    build_address_index(
        write_extract(tmp_path / "town.osm", town),
        tmp_path / "index.sqlite",
        lambda step, share: seen.setdefault(step, []).append(share),
    )

    assert list(seen) == ["reading the extract", "cleaning the addresses", "writing the index"]
    assert all(shares == sorted(shares) and shares[-1] == 1.0 for shares in seen.values())


def test_a_missing_extract_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"does not exist\. Name an OpenStreetMap extract"):
        build_address_index(tmp_path / "none.osm.pbf", tmp_path / "index.sqlite", quietly)


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x0dnonsense", b"<html>not found</html>"])
@pytest.mark.parametrize("name", ["bad.osm.pbf", "bad.osm", "bad.txt"])
def test_a_malformed_extract_is_refused_with_what_to_do(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ExtractError, match=r"Download it again"):
        build_address_index(tmp_path / name, tmp_path / "index.sqlite", quietly)

    assert not (tmp_path / "index.sqlite").exists()


def test_an_extract_cut_short_is_refused(tmp_path: Path, maps: Path) -> None:
    whole = (maps / "san-francisco-downtown.osm.pbf").read_bytes()
    (tmp_path / "cut.osm.pbf").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ExtractError, match="could not be read"):
        build_address_index(tmp_path / "cut.osm.pbf", tmp_path / "index.sqlite", quietly)


def test_an_empty_extract_is_refused(tmp_path: Path, write_extract: WriteExtract) -> None:
    extract = write_extract(tmp_path / "empty.osm", [])

    with pytest.raises(ExtractError, match="is empty"):
        build_address_index(extract, tmp_path / "index.sqlite", quietly)


def test_an_extract_without_addresses_is_refused(tmp_path: Path, write_extract: WriteExtract, road: Make) -> None:
    extract = write_extract(tmp_path / "roads.osm", [road("Main Street", (0, 0), (0, 5))])

    with pytest.raises(ExtractError, match="1 named ways but not one address"):
        build_address_index(extract, tmp_path / "index.sqlite", quietly)


def test_an_extract_whose_numbers_cannot_be_read_is_refused(
    tmp_path: Path, write_extract: WriteExtract, house: Make
) -> None:
    extract = write_extract(tmp_path / "odd.osm", [house("bici", "Main Street", 0, 0)])

    with pytest.raises(ExtractError, match="not one house number that can be read"):
        build_address_index(extract, tmp_path / "index.sqlite", quietly)


def test_a_failed_build_leaves_the_old_index(tmp_path: Path, write_extract: WriteExtract, town: list[Thing]) -> None:
    target = tmp_path / "index.sqlite"
    build_address_index(write_extract(tmp_path / "town.osm", town), target, quietly)
    before = target.read_bytes()

    with pytest.raises(ExtractError):
        build_address_index(write_extract(tmp_path / "empty.osm", []), target, quietly)

    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.glob("*.sqlite*")) == ["index.sqlite"]


def test_a_target_that_cannot_be_written_is_named(
    tmp_path: Path, write_extract: WriteExtract, town: list[Thing]
) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OSError, match="file"):
        build_address_index(write_extract(tmp_path / "t.osm", town), tmp_path / "file" / "index.sqlite", quietly)


def test_what_a_crashed_build_left_behind_is_no_hindrance(
    tmp_path: Path, write_extract: WriteExtract, town: list[Thing]
) -> None:
    for name in ("index.sqlite.unfinished", "index.sqlite.unfinished-journal"):
        (tmp_path / name).write_bytes(b"half of something")

    build_address_index(write_extract(tmp_path / "town.osm", town), tmp_path / "index.sqlite", quietly)

    index = AddressIndex.open(tmp_path / "index.sqlite")
    assert index.locate(AddressQuery("100 Main Street, Springfield")).place
    index.close()


@pytest.fixture
def room_for_20_kilobytes() -> Iterator[None]:
    """Let no file grow beyond 20 kB, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_named_and_leaves_nothing(
    tmp_path: Path, write_extract: WriteExtract, town: list[Thing], request: pytest.FixtureRequest
) -> None:
    extract = write_extract(tmp_path / "town.osm", town)
    request.getfixturevalue("room_for_20_kilobytes")

    with pytest.raises(OSError, match="Make room on the disk"):
        build_address_index(extract, tmp_path / "index.sqlite", quietly)

    assert [path.name for path in tmp_path.iterdir()] == ["town.osm"]


def test_ways_with_missing_nodes_are_read_with_the_nodes_that_are_there(tmp_path: Path) -> None:
    extract = tmp_path / "cut.osm"
    extract.write_text(
        '<osm version="0.6">'
        '<node id="1" version="1" lat="39.80" lon="-89.65"/>'
        '<way id="1" version="1"><nd ref="1"/><nd ref="2"/>'
        '<tag k="addr:housenumber" v="7"/><tag k="addr:street" v="Main Street"/></way>'
        '<way id="2" version="1"><nd ref="8"/><nd ref="9"/>'
        '<tag k="addr:housenumber" v="9"/><tag k="addr:street" v="Main Street"/></way>'
        "</osm>"
    )

    assert build_address_index(extract, tmp_path / "index.sqlite", quietly).addresses == 1


def test_a_postcode_city_or_state_that_next_to_nobody_has_is_a_mistake_of_the_map(
    tmp_path: Path, write_extract: WriteExtract, town: list[Thing], house: Make
) -> None:
    houses = [house(str(number), "Elm Drive", 14.1, number / 100, postcode="62703") for number in range(2, 6002, 2)]
    mistaken = house("1", "Elm Drive", 14.2, 0, postcode="72184", city="Eutingen", state="GA")

    summary = build_address_index(
        write_extract(tmp_path / "town.osm", [*town, *houses, mistaken]), tmp_path / "index.sqlite", quietly
    )

    assert summary.states == ("IL",)
    assert "72184" not in summary.postcodes
    assert "Eutingen" not in summary.cities


def test_an_address_mapped_twice_at_one_building_is_one(
    tmp_path: Path, write_extract: WriteExtract, house: Make
) -> None:
    things = [house("7", "Main Street", 0, 0), house("7", "Main St", 0.2, 0), house("7", "Main Street", 5, 0)]

    assert build_address_index(write_extract(tmp_path / "t.osm", things), tmp_path / "i.sqlite", quietly).addresses == 2


def test_a_missing_zip_comes_from_the_next_house_and_the_city_from_the_zip(town_index: AddressIndex) -> None:
    answer = town_index.locate(AddressQuery("110 Main Street"))

    assert answer.candidates[0].label == "110 Main Street, Springfield, IL 62701"


def test_an_area_of_hyphenated_numbers_is_recognised(tmp_path: Path, write_extract: WriteExtract, house: Make) -> None:
    things = [house("219-21", "Stewart Road", 0, 0), house("219-25", "Stewart Road", 0, 1)]
    build_address_index(write_extract(tmp_path / "q.osm", things), tmp_path / "i.sqlite", quietly)

    index = AddressIndex.open(tmp_path / "i.sqlite")

    assert index.profile.hyphenated
    index.close()


def test_opening_what_is_not_there_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="rounds area build"):
        AddressIndex.open(tmp_path / "none.sqlite")


def test_opening_something_else_says_to_build_again(tmp_path: Path) -> None:
    (tmp_path / "other.sqlite").write_bytes(b"no database at all, " * 100)

    with pytest.raises(ConfigurationError, match="Build the area again"):
        AddressIndex.open(tmp_path / "other.sqlite")


def test_opening_an_index_of_another_version_says_to_build_again(tmp_path: Path, town_index_file: Path) -> None:
    copy = tmp_path / "old.sqlite"
    copy.write_bytes(town_index_file.read_bytes())
    connection = sqlite3.connect(copy)
    connection.execute("UPDATE meta SET value = '0' WHERE key = 'version'")
    connection.commit()
    connection.close()

    with pytest.raises(ConfigurationError, match="Build the area again"):
        AddressIndex.open(copy)
