"""The look of the basemap: a calm, light ground on which routes and nurses stand out, as a MapLibre style.

No sprite and no glyphs are named: with neither, MapLibre draws every letter with the browser's own fonts, so the map
needs no server but ours.
"""

from typing import Any

ATTRIBUTION = '<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap contributors</a>'
"""Asked for by the ODbL wherever the map is shown."""
LOWEST_ZOOM, HIGHEST_ZOOM = 8, 15

SOURCE = "basemap"

GROUND = "#f3f1ec"
WATER = "#bcd6e4"
LAND = {
    "park": "#d9e8cc",
    "wood": "#cfe1c3",
    "grass": "#e1ebd3",
    "pitch": "#cfe6cf",
    "sand": "#f1e8cc",
    "cemetery": "#dbe4d3",
    "farmland": "#eeeadb",
    "industrial": "#eae8e8",
    "commercial": "#f1ebe6",
    "hospital": "#f6e1e0",
    "school": "#f0ead4",
    "parking": "#e9e8e6",
}
BUILDING, BUILDING_EDGE = "#e4dfd6", "#d5cec2"
ROAD = {"motorway": "#f6cf8f", "primary": "#fae3b0", "secondary": "#fdf3d3", "path": "#f8f7f5"}
ROAD_EDGE = {"motorway": "#dca95c", "primary": "#e0bf7d"}
PLAIN_ROAD, PLAIN_ROAD_EDGE = "#ffffff", "#d6d2c9"
RAILWAY = "#bdb9b4"
TEXT, ROAD_TEXT, QUIET_TEXT, WATER_TEXT, HALO = "#3d4450", "#5b5f68", "#7c8078", "#4a7a96", "#ffffff"

REGULAR = ["system-ui"]
BOLD = ["Map Semibold", "system-ui"]
"""MapLibre takes the weight from the first name; no such family exists, so the letters come from the second."""

WIDTHS = {
    # class: metres-like pixel widths at zooms 10, 14 and 18
    "motorway": (1.6, 5, 26),
    "primary": (1.2, 4.5, 24),
    "secondary": (0.9, 4, 22),
    "tertiary": (0.6, 3, 19),
    "minor": (0.3, 1.8, 16),
    "service": (0.1, 0.8, 9),
    "path": (0.1, 0.6, 4),
}
NAMED_FROM_AFAR = ("motorway", "primary", "secondary", "tertiary")
"""Roads that carry their names from zoom 12; the others from 14."""
LABEL_SIZES = {"city": 18, "town": 16, "village": 14, "suburb": 13, "hamlet": 12, "quarter": 12, "neighbourhood": 11}

Layer = dict[str, Any]


def style(tiles_url: str) -> dict[str, Any]:
    """Return the style of an area's basemap.

    Args:
        tiles_url: where the browser gets the ``.pmtiles`` file, with range requests (``/maps/queens/basemap.pmtiles``);
            the page has to register the protocol of the ``pmtiles`` package.
    """
    return {
        "version": 8,
        "name": "Rounds, light",
        "sources": {
            SOURCE: {
                "type": "vector",
                "url": f"pmtiles://{tiles_url}",
                "minzoom": LOWEST_ZOOM,
                "maxzoom": HIGHEST_ZOOM,
                "attribution": ATTRIBUTION,
            }
        },
        "layers": [
            {"id": "ground", "type": "background", "paint": {"background-color": GROUND}},
            *_surfaces(),
            *_lines(),
            *_labels(),
        ],
    }


def _surfaces() -> list[Layer]:
    land = ["match", ["get", "kind"], *(part for pair in LAND.items() for part in pair), GROUND]
    return [
        _layer("land", "fill", "land", {"fill-color": land}),
        _layer("water", "fill", "water", {"fill-color": WATER}),
        _layer(
            "waterways",
            "line",
            "waterways",
            {"line-color": WATER, "line-width": _by_zoom({10: ["match", ["get", "class"], "river", 2, 0.5], 16: 4})},
        ),
        _layer(
            "buildings",
            "fill",
            "buildings",
            {
                "fill-color": BUILDING,
                "fill-outline-color": BUILDING_EDGE,
                "fill-opacity": _by_zoom({14: 0, 15: 1}),
            },
        ),
    ]


def _lines() -> list[Layer]:
    plain = ["match", ["get", "class"], *(part for pair in ROAD.items() for part in pair), PLAIN_ROAD]
    edges = ["match", ["get", "class"], *(part for pair in ROAD_EDGE.items() for part in pair), PLAIN_ROAD_EDGE]
    order = {"line-cap": "round", "line-join": "round", "line-sort-key": _by_class(dict(_ranks()))}
    return [
        _layer(
            "railways",
            "line",
            "railways",
            {"line-color": RAILWAY, "line-width": _by_zoom({10: 0.5, 16: 1.5})},
        ),
        _layer("road-edges", "line", "roads", {"line-color": edges, "line-width": _road_width(1.5)}, order),
        _layer("roads", "line", "roads", {"line-color": plain, "line-width": _road_width(0)}, order),
    ]


def _labels() -> list[Layer]:
    return [
        _text(
            "road-names",
            "roads",
            ["coalesce", ["get", "name"], ["get", "ref"]],
            ROAD_TEXT,
            _by_zoom({12: 10, 16: 12, 19: 15}),
            {"symbol-placement": "line", "text-rotation-alignment": "map", "text-max-angle": 35, "symbol-spacing": 260},
            only=["match", ["get", "class"], list(NAMED_FROM_AFAR), True, [">=", ["zoom"], 14]],
        ),
        _text(
            "waterway-names",
            "waterways",
            ["get", "name"],
            WATER_TEXT,
            11,
            {"symbol-placement": "line", "symbol-spacing": 400},
        ),
        _text("house-numbers", "addresses", ["get", "number"], QUIET_TEXT, _by_zoom({17: 9.5, 19: 12}), first_zoom=17),
        _text(
            "land-names",
            "labels",
            ["get", "name"],
            ["match", ["get", "kind"], "water", WATER_TEXT, QUIET_TEXT],
            11,
            {"text-max-width": 7},
            only=["match", ["get", "kind"], list(LABEL_SIZES), False, True],
        ),
        _text(
            "place-names",
            "labels",
            ["get", "name"],
            TEXT,
            ["match", ["get", "kind"], *(part for pair in LABEL_SIZES.items() for part in pair), 11],
            {
                "text-font": BOLD,
                "text-max-width": 8,
                "symbol-sort-key": ["match", ["get", "kind"], "city", 0, "town", 1, 2],
            },
            only=["match", ["get", "kind"], "city", ["<", ["zoom"], 14], list(LABEL_SIZES)[1:], True, False],
        ),
    ]


def _layer(name: str, kind: str, of: str, paint: dict[str, Any], layout: dict[str, Any] | None = None) -> Layer:
    return {
        "id": name,
        "type": kind,
        "source": SOURCE,
        "source-layer": of,
        "paint": paint,
        "layout": layout or {},
    }


def _text(
    name: str,
    of: str,
    text: list[Any],
    colour: str | list[Any],
    size: float | list[Any],
    layout: dict[str, Any] | None = None,
    only: list[Any] | None = None,
    first_zoom: int = 0,
) -> Layer:
    paint = {"text-color": colour, "text-halo-color": HALO, "text-halo-width": 1.4}
    layer = _layer(
        name, "symbol", of, paint, {"text-field": text, "text-font": REGULAR, "text-size": size} | (layout or {})
    )
    if only is not None:
        layer["filter"] = only
    if first_zoom:
        layer["minzoom"] = first_zoom
    return layer


def _by_zoom(stops: dict[int, Any], base: float = 1.0) -> list[Any]:
    return ["interpolate", ["exponential", base], ["zoom"], *(part for pair in stops.items() for part in pair)]


def _by_class(values: dict[str, float]) -> list[Any]:
    return ["match", ["get", "class"], *(part for pair in values.items() for part in pair), 0]


def _road_width(edge: float) -> list[Any]:
    widths = [_by_class({name: width[stop] + edge for name, width in WIDTHS.items()}) for stop in range(3)]
    return _by_zoom(dict(zip((10, 14, 18), widths, strict=True)), base=1.5)


def _ranks() -> list[tuple[str, float]]:
    """Return each class with its place in the pile, the main roads on top."""
    return [(name, len(WIDTHS) - rank) for rank, name in enumerate(WIDTHS)]
