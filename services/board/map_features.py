"""What of OpenStreetMap is drawn: from tags to a layer of the basemap, its fields and the first zoom it is shown at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Tags = Mapping[str, str]

ROADS = {
    "motorway": ("motorway", 8),
    "trunk": ("motorway", 8),
    "primary": ("primary", 9),
    "secondary": ("secondary", 10),
    "tertiary": ("tertiary", 11),
    "unclassified": ("minor", 12),
    "residential": ("minor", 12),
    "living_street": ("minor", 12),
    "road": ("minor", 12),
    "service": ("service", 14),
    "track": ("service", 14),
    "pedestrian": ("path", 13),
    "footway": ("path", 14),
    "cycleway": ("path", 14),
    "path": ("path", 14),
    "bridleway": ("path", 14),
    "steps": ("path", 14),
}
"""Class of ``highway`` (links count as their roads) and first zoom."""

RAILWAYS = {"rail": 10, "light_rail": 12, "subway": 13, "tram": 13}

LAND = {
    "leisure": {
        "park": "park",
        "garden": "park",
        "golf_course": "park",
        "nature_reserve": "park",
        "common": "park",
        "pitch": "pitch",
        "playground": "park",
        "track": "pitch",
    },
    "natural": {"wood": "wood", "scrub": "wood", "grassland": "grass", "beach": "sand", "wetland": "grass"},
    "landuse": {
        "forest": "wood",
        "grass": "grass",
        "meadow": "grass",
        "recreation_ground": "park",
        "village_green": "park",
        "cemetery": "cemetery",
        "farmland": "farmland",
        "industrial": "industrial",
        "retail": "commercial",
        "commercial": "commercial",
        "railway": "industrial",
    },
    "amenity": {
        "hospital": "hospital",
        "clinic": "hospital",
        "school": "school",
        "college": "school",
        "university": "school",
        "grave_yard": "cemetery",
        "parking": "parking",
    },
    "aeroway": {"aerodrome": "industrial", "apron": "parking"},
}
"""Kind of land by key and value; earlier keys win."""

PLACES = {"city": 8, "town": 9, "village": 10, "suburb": 11, "hamlet": 12, "quarter": 12, "neighbourhood": 13}
NAMED_LAND = {"park": 14, "hospital": 13, "school": 15, "cemetery": 14}
"""Kinds of land whose names are worth a label, and the first zoom of it."""

WATERWAYS = {"river": 9, "canal": 11, "stream": 13}


@dataclass(frozen=True, slots=True)
class Feature:
    """What a thing becomes on the map.

    Attributes:
        layer: of the basemap.
        first_zoom: tiles of lower zooms leave it out.
        fields: what the style may ask of it.
    """

    layer: str
    first_zoom: int
    fields: dict[str, str] = field(default_factory=dict)


SEA = Feature("water", 8)
"""There is no tag for it: sea.py makes it from the coast."""


def line(tags: Tags) -> Feature | None:
    """Return what a way is drawn as, None for not at all."""
    highway = tags.get("highway", "").removesuffix("_link")
    if highway in ROADS and tags.get("area") != "yes":
        kind, zoom = ROADS[highway]
        marks = {key: "yes" for key in ("bridge", "tunnel") if tags.get(key, "no") != "no"}
        if tags.get("oneway") in {"yes", "1", "true", "-1"}:
            marks["oneway"] = "reverse" if tags["oneway"] == "-1" else "yes"
        return Feature("roads", zoom, {"class": kind} | _named(tags, "name", "ref") | marks)
    railway = tags.get("railway")
    if railway in RAILWAYS:
        return Feature("railways", RAILWAYS[railway], {"class": railway})
    waterway = tags.get("waterway")
    if waterway in WATERWAYS:
        return Feature("waterways", WATERWAYS[waterway], {"class": waterway} | _named(tags, "name"))
    return None


def polygon(tags: Tags) -> Feature | None:
    """Return what an area is drawn as, None for not at all."""
    if tags.get("building", "no") != "no":
        return Feature("buildings", 14)
    if tags.get("natural") == "water" or tags.get("waterway") in {"riverbank", "dock"} or _is_basin(tags):
        return Feature("water", 8, _named(tags, "name"))
    kind = land_kind(tags)
    return None if kind is None else Feature("land", 10, {"kind": kind})


def label(tags: Tags) -> Feature | None:
    """Return the name to be written at a thing's middle, None for none."""
    name = tags.get("name")
    if not name:
        return None
    place = tags.get("place", "")
    if place in PLACES:
        return Feature("labels", PLACES[place], {"kind": place, "name": name})
    if tags.get("natural") == "water" and tags.get("water") not in WATERWAYS:  # a river's name runs along its line
        return Feature("labels", 13, {"kind": "water", "name": name})
    kind = land_kind(tags)
    if kind in NAMED_LAND:
        return Feature("labels", NAMED_LAND[kind], {"kind": kind, "name": name})
    return None


def house_number(tags: Tags) -> Feature | None:
    """Return the house number to be written at a thing's middle, None for none."""
    number = tags.get("addr:housenumber")
    return Feature("addresses", 15, {"number": number}) if number else None


def land_kind(tags: Tags) -> str | None:
    """Return the kind of land, None where it does not matter to the map."""
    return next((kinds[value] for key, kinds in LAND.items() if (value := tags.get(key)) in kinds), None)


def _is_basin(tags: Tags) -> bool:
    return tags.get("landuse") in {"reservoir", "basin"}


def _named(tags: Tags, *keys: str) -> dict[str, str]:
    return {key: value for key in keys if (value := tags.get(key))}
