import pytest

from services.board.map_features import Feature, Tags, house_number, label, line, polygon


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "motorway_link", "ref": "I 71"}, Feature("roads", 8, {"class": "motorway", "ref": "I 71"})),
        ({"highway": "residential", "name": "Elm"}, Feature("roads", 12, {"class": "minor", "name": "Elm"})),
        ({"highway": "primary", "oneway": "1"}, Feature("roads", 9, {"class": "primary", "oneway": "yes"})),
        ({"highway": "primary", "oneway": "-1"}, Feature("roads", 9, {"class": "primary", "oneway": "reverse"})),
        ({"highway": "primary", "oneway": "no"}, Feature("roads", 9, {"class": "primary"})),
        (
            {"highway": "service", "tunnel": "building_passage"},
            Feature("roads", 14, {"class": "service", "tunnel": "yes"}),
        ),
        ({"highway": "pedestrian", "area": "yes"}, None),
        ({"highway": "proposed"}, None),
        ({"railway": "rail"}, Feature("railways", 10, {"class": "rail"})),
        ({"railway": "abandoned"}, None),
        ({"waterway": "river", "name": "Olentangy"}, Feature("waterways", 9, {"class": "river", "name": "Olentangy"})),
        ({"name": "Nothing"}, None),
    ],
)
def test_lines(tags: Tags, expected: Feature | None) -> None:
    assert line(tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"building": "house"}, Feature("buildings", 14)),
        ({"building": "no", "leisure": "park"}, Feature("land", 10, {"kind": "park"})),
        ({"natural": "water", "name": "Pond"}, Feature("water", 8, {"name": "Pond"})),
        ({"waterway": "riverbank"}, Feature("water", 8)),
        ({"landuse": "reservoir"}, Feature("water", 8)),
        ({"amenity": "clinic"}, Feature("land", 10, {"kind": "hospital"})),
        ({"landuse": "residential"}, None),
    ],
)
def test_polygons(tags: Tags, expected: Feature | None) -> None:
    assert polygon(tags) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"place": "city", "name": "Columbus"}, Feature("labels", 8, {"kind": "city", "name": "Columbus"})),
        ({"place": "city"}, None),
        ({"place": "plot", "name": "12"}, None),
        ({"amenity": "hospital", "name": "Grant"}, Feature("labels", 13, {"kind": "hospital", "name": "Grant"})),
        ({"natural": "water", "name": "Pond"}, Feature("labels", 13, {"kind": "water", "name": "Pond"})),
        ({"natural": "water", "water": "river", "name": "Olentangy"}, None),
        ({"landuse": "industrial", "name": "Works"}, None),
    ],
)
def test_labels(tags: Tags, expected: Feature | None) -> None:
    assert label(tags) == expected


def test_house_numbers_are_kept_as_they_are_written() -> None:
    assert house_number({"addr:housenumber": "219-21"}) == Feature("addresses", 15, {"number": "219-21"})
    assert house_number({"addr:street": "Elm"}) is None
