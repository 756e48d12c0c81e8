import pytest

from services.geocoding.domain.street_name import is_ordinal, street_name


@pytest.mark.parametrize(
    ("written", "direction", "core", "suffix"),
    [
        ("West 16th Avenue", "w", "16th", "ave"),
        ("W. Sixteenth Av", "w", "16th", "ave"),
        ("16 Ave W", "w", "16th", "ave"),
        ("Twenty-third Street", "", "23rd", "st"),
        ("111th Road", "", "111th", "rd"),
        ("North East 5 St.", "ne", "5th", "st"),
        ("O'Farrell Street", "", "ofarrell", "st"),
        ("St Johns Road", "", "saint johns", "rd"),
        ("Mt. Vernon Blvd", "", "mount vernon", "blvd"),
        ("Dr. Tom Waddell Place", "", "doctor tom waddell", "pl"),
        ("Hollis Ct Blvd", "", "hollis court", "blvd"),
        ("Highway 99", "", "highway 99", ""),
        ("North Street", "", "north", "st"),
        ("Avenue N", "", "avenue north", ""),
        ("East Mall", "", "east", "mall"),
        ("Broadway", "", "broadway", ""),
        ("Avenue of the Americas", "", "avenue of the americas", ""),
        ("Rue Élysée", "", "rue elysee", ""),
    ],
)
def test_a_street_is_taken_apart_however_it_is_written(written: str, direction: str, core: str, suffix: str) -> None:
    name = street_name(written)

    assert (name.direction, name.core, name.suffix) == (direction, core, suffix)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Saint Marys Court", "St. Mary's Ct"),
        ("First Street", "1st St"),
        ("Southwest Marine Drive", "S.W. Marine Dr"),
        ("Springfield Boulevard", "SPRINGFIELD BLVD."),
        ("Oak Crescent", "Oak Cres"),
    ],
)
def test_two_spellings_of_one_street_have_the_same_text(one: str, other: str) -> None:
    assert street_name(one).text == street_name(other).text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("112th Road", "112th Drive"),
        ("West 16th Avenue", "East 16th Avenue"),
        ("Park Place", "Place"),
        ("St Johns Road", "Johns Road"),
    ],
)
def test_different_streets_have_different_texts(one: str, other: str) -> None:
    assert street_name(one).text != street_name(other).text


@pytest.mark.parametrize("word", ["1st", "2nd", "3rd", "11th", "12th", "13th", "61st", "112th", "213th"])
def test_a_proper_ordinal_is_told(word: str) -> None:
    assert is_ordinal(word)


@pytest.mark.parametrize("word", ["61th", "2rd", "11st", "oak", "16", "th"])
def test_what_is_no_proper_ordinal_is_told(word: str) -> None:
    assert not is_ordinal(word)
