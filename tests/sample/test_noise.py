import pytest
from rapidfuzz.distance import OSA

from services.sample.addresses import Address
from services.sample.noise import elsewhere, is_directed, nowhere, undirected, written
from tests.sample.conftest import dice

ADDRESS = Address("1252", "North Sycamore Avenue", "3A", "Harlan Mills", "OH", "43087", 40.3, -82.6)


def test_the_house_number_and_the_state_are_always_right() -> None:
    notes = [written(ADDRESS, dice(seed)) for seed in range(300)]
    assert all(note.address.startswith("1252 ") and note.state == "OH" for note in notes)


def test_the_unit_is_never_lost() -> None:
    notes = [written(ADDRESS, dice(seed)) for seed in range(300)]
    assert all(note.unit.endswith("3A") or note.address.endswith("3A") for note in notes)


def test_a_typo_is_one_keystroke_in_the_name() -> None:
    names = {
        word
        for seed in range(400)
        for word in written(ADDRESS, dice(seed)).address.split()
        if word.lower().startswith(("s", "y")) and len(word) > 5
    }
    assert len(names) > 10
    assert all(OSA.distance(name.lower(), "sycamore") <= 1 for name in names)


def test_either_the_city_or_the_zip_code_is_left() -> None:
    assert all(note.city or note.postcode for note in (written(ADDRESS, dice(seed)) for seed in range(300)))


@pytest.mark.parametrize("state", ["OH", "CA", "NY"])
def test_elsewhere_is_another_state(state: str) -> None:
    assert all(elsewhere(state, dice(seed)).state != state for seed in range(30))


def test_nowhere_is_a_street_a_number_or_a_box_that_does_not_exist() -> None:
    streets = frozenset({"North Sycamore Avenue", "Larkspur Quay"})
    assert [nowhere(ADDRESS, streets, turn).address for turn in range(3)] == [
        "117 Nightjar Mews",
        "98001 North Sycamore Avenue",
        "PO Box 4402",
    ]


def test_an_undirected_address_has_lost_what_would_tell_it_from_others() -> None:
    note = undirected(ADDRESS)
    assert is_directed(ADDRESS)
    assert (note.address, note.postcode, note.city) == ("1252 Sycamore Avenue", "", "Harlan Mills")
