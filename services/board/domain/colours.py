"""Route colours: forty, each far from those before it (chosen in OKLab), all with 4.5:1 against white."""

ROUTE_COLOURS = (
    "#145ec1", "#664605", "#ca435f", "#1f8527", "#005b4a", "#850f66", "#02818f", "#9459c8", "#976902", "#8e5138",
    "#0d5279", "#696708", "#0c736a", "#903798", "#940500", "#3f5703", "#562f9e", "#5475a5", "#ac2854", "#087736",
    "#0a6e88", "#2a7f71", "#9f6489", "#615a94", "#875806", "#75743a", "#085762", "#753645", "#574e06", "#9f6049",
    "#01489f", "#566c30", "#5a63d3", "#0b79b2", "#593f74", "#055c3e", "#884d6c", "#af2f02", "#037465", "#6b48b8",
)  # fmt: skip


def colour(place: int) -> str:
    """Return the colour of the route in this place, hex; they begin again after forty."""
    return ROUTE_COLOURS[place % len(ROUTE_COLOURS)]
