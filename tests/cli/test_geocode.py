"""``rounds geocode``: one answer a line, in the order of the input, in the words that programs were promised."""

import json
from pathlib import Path

import pytest

from services.sample.addresses import Address
from tests.cli.conftest import Rounds
from tests.flow.conftest import AREA

FIELDS = ["input", "status", "lat", "lon", "match", "confidence", "candidates"]


def line(house: Address) -> str:
    return f"{house.number} {house.street}, {house.city}, OH {house.postcode}"


def test_each_line_becomes_an_object_in_the_order_of_the_input(
    rounds: Rounds, map_dir: Path, addresses: list[Address]
) -> None:
    lines = [
        line(addresses[700]),
        "1 Nosuchstreet, Harlan Mills, OH",
        line(addresses[3]),
        "12 Congress Ave, Austin, TX",
    ]
    done = rounds("geocode", "--area", AREA, "--json", "--data", map_dir, stdin="\n".join(lines).encode() + b"\n")
    found = [json.loads(answer) for answer in done.out.splitlines()]
    assert (done.code, done.err) == (0, "")
    assert [list(answer) for answer in found] == [FIELDS] * 4
    assert [answer["input"] for answer in found] == lines
    assert [answer["status"] for answer in found] == ["resolved", "review", "resolved", "outside"]
    assert found[0]["match"] == "address"
    assert 0.75 <= found[0]["confidence"] <= 1
    assert found[0]["lat"] == pytest.approx(addresses[700].lat, abs=1e-3)
    assert found[0]["lon"] == pytest.approx(addresses[700].lon, abs=1e-3)
    assert list(found[0]["candidates"][0]) == ["lat", "lon", "match", "confidence", "label"]
    assert [found[1][name] for name in FIELDS[2:6]] == [None] * 4
    assert found[3]["candidates"] == []


def test_addresses_may_stand_on_the_command_line_and_are_shown_as_a_table(
    rounds: Rounds, map_dir: Path, addresses: list[Address]
) -> None:
    done = rounds("geocode", line(addresses[700]), "nowhere at all", "--area", AREA, "--data", map_dir)
    assert done.code == 0
    assert "resolved" in done.out
    assert "review (not_found)" in done.out or "review (unreadable)" in done.out


def test_the_mark_and_line_ends_of_other_systems_are_taken(
    rounds: Rounds, map_dir: Path, addresses: list[Address]
) -> None:
    text = f"{line(addresses[700])}\r\n{line(addresses[3])}\r\n"
    done = rounds("geocode", "--area", AREA, "--json", "--data", map_dir, stdin=text.encode("utf-8-sig"))
    assert [json.loads(answer)["status"] for answer in done.out.splitlines()] == ["resolved", "resolved"]


def test_input_that_is_not_utf_8_is_told_with_the_remedy(rounds: Rounds, map_dir: Path) -> None:
    done = rounds("geocode", "--area", AREA, "--data", map_dir, stdin="12 Märchen St".encode("latin-1"))
    assert (done.code, done.out) == (2, "")
    assert done.err == "rounds: Standard input is not UTF-8 (byte 4). Convert it, for example with iconv.\n"


@pytest.mark.parametrize("arguments", [("--area", "atlantis"), ()])
def test_an_area_that_is_none_is_told_with_those_there_are(
    rounds: Rounds, map_dir: Path, arguments: tuple[str, ...]
) -> None:
    done = rounds("geocode", "12 Main St", *arguments, "--data", map_dir)
    assert (done.code, done.out) == (2, "")
    assert f"There is: {AREA}. Name one with --area." in done.err


def test_without_any_area_it_says_how_to_make_one(rounds: Rounds, tmp_path: Path) -> None:
    done = rounds("geocode", "12 Main St", "--area", "atlantis", "--data", tmp_path)
    assert (done.code, "build one with `rounds area build`" in done.err) == (2, True)
